/**
 * The signature of a datagram: `<n> <digest>`, n the number of a key in authkeys.
 *
 * crc detects accidents only. md5 and sha1 are HMACs as heartbeat 3 makes them; sha256 and sha512 are ours alone.
 */
import { createHmac, timingSafeEqual } from "node:crypto";
import { crc32 } from "@systole/wire";

export const METHODS = ["crc", "md5", "sha1", "sha256", "sha512"] as const;
export type Method = (typeof METHODS)[number];

export interface Key {
  /** 0 to 15: travels with each signature. */
  readonly index: number;
  readonly method: Method;
  /** Undefined for crc. */
  readonly key: Uint8Array | undefined;
}

/** What authkeys says. */
export interface KeyRing {
  readonly signing: Key;
  /** All keys by index, each good for verifying. */
  readonly keys: ReadonlyMap<number, Key>;
}

export interface Signature {
  readonly keyIndex: number;
  /** Lower-case hexadecimal. */
  readonly digest: string;
}

/** Longest digest in hexadecimal digits: sha512. */
export const LONGEST_DIGEST = 128;

/** The digest of these bytes in lower-case hexadecimal; that of crc has no leading zeros. */
export function digestOf({ method, key }: Key, covered: Uint8Array): string {
  if (method === "crc") return crc32(covered).toString(16);
  return createHmac(method, key ?? "")
    .update(covered)
    .digest("hex");
}

/** Signs with the signing key. */
export const sign = ({ signing }: KeyRing, covered: Uint8Array): Signature => ({
  keyIndex: signing.index,
  digest: digestOf(signing, covered),
});

/** Is this the signature of these bytes by the key that it names? Takes the same time wherever it differs. */
export function verify(ring: KeyRing, { keyIndex, digest }: Signature, covered: Uint8Array): boolean {
  const key = ring.keys.get(keyIndex);
  if (key === undefined) return false;
  const wanted = Buffer.from(digestOf(key, covered), "latin1");
  const given = Buffer.from(digest, "latin1");
  return wanted.length === given.length && timingSafeEqual(wanted, given);
}

export const formatSignature = ({ keyIndex, digest }: Signature): string => `${keyIndex} ${digest}`;
