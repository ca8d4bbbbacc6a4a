/**
 * Questions between two of our own: "do you have this flow of mine, as it is?" Messages of protocol version 2, which
 * conntrackd skips and counts: a peer is asked only after it has said that it is one of ours.
 *
 * Header as in version 1; the sequence is the number of the sample. PRESENT has nothing behind it, SAMPLE pairs of u32
 * (hash of the key, digest of the flow), RESULT three u32: asked, equal, missing.
 */
export const SAMPLES_VERSION = 2;
export const PRESENT = 0;
export const SAMPLE = 1;
export const RESULT = 2;

const HEADER = 8;
const PAIR = 8;
/** Flows in one sample: half a datagram. */
export const SAMPLE_SIZE = 64;

/** One flow of a sample. */
export interface Probe {
  readonly hash: number;
  readonly digest: number;
}

export interface SampleResult {
  readonly asked: number;
  readonly equal: number;
  readonly missing: number;
}

function message(type: number, number: number, words: readonly number[]): Uint8Array {
  const bytes = new Uint8Array(HEADER + 4 * words.length);
  const view = new DataView(bytes.buffer);
  view.setUint8(0, (SAMPLES_VERSION << 4) | type);
  view.setUint16(2, bytes.length);
  view.setUint32(4, number);
  for (const [index, word] of words.entries()) view.setUint32(HEADER + 4 * index, word);
  return bytes;
}

export const encodePresent = (): Uint8Array => message(PRESENT, 0, []);
export const encodeSample = (number: number, probes: readonly Probe[]): Uint8Array =>
  message(
    SAMPLE,
    number,
    probes.flatMap(({ hash, digest }) => [hash, digest]),
  );
export const encodeResult = (number: number, { asked, equal, missing }: SampleResult): Uint8Array =>
  message(RESULT, number, [asked, equal, missing]);

/** The probes of a SAMPLE whose contents lie between two places; a broken last one is left out. */
export function decodeProbes(bytes: Uint8Array, start: number, end: number): readonly Probe[] {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const probes: Probe[] = [];
  for (let at = start; at + PAIR <= end && probes.length < SAMPLE_SIZE; at += PAIR) {
    probes.push({ hash: view.getUint32(at), digest: view.getUint32(at + 4) });
  }
  return probes;
}

/** A RESULT; undefined for one that is too short or says more than was asked. */
export function decodeResult(bytes: Uint8Array, start: number, end: number): SampleResult | undefined {
  if (end - start < 12) return undefined;
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const [asked, equal, missing] = [
    view.getUint32(start),
    view.getUint32(start + 4),
    view.getUint32(start + 8),
  ];
  return equal + missing <= asked && asked <= SAMPLE_SIZE ? { asked, equal, missing } : undefined;
}
