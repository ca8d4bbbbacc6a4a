/** The recorded traffic of two real conntrackd; test/vectors/conntrackd/README.md. */
import { readdirSync, readFileSync } from "node:fs";
import { DatagramReader, type Message } from "../src/wire/message.js";

export interface VectorMessage {
  readonly type: number;
  readonly flags: number;
  readonly seq: number;
  readonly from?: number;
  readonly to?: number;
  readonly attrs?: readonly { readonly nta: number; readonly name: string; readonly hex: string }[];
}

export interface VectorFrame {
  readonly t: number;
  /** `a` or `b`; an address where the recorder did not know it. */
  readonly from: string;
  readonly payload: string;
  readonly messages: readonly VectorMessage[];
}

export interface DatagramVector {
  readonly scenario: string;
  readonly config: { readonly mode: string; readonly channel: string };
  readonly frames: readonly VectorFrame[];
  readonly final: Readonly<Record<string, readonly string[]>>;
}

const folder = new URL("../../../test/vectors/conntrackd/", import.meta.url);

export function datagramVectors(): readonly DatagramVector[] {
  return readdirSync(folder)
    .filter((name) => /^(?:ftfw|notrack|alarm)-.*\.json$/.test(name))
    .map((name) => JSON.parse(readFileSync(new URL(name, folder), "utf8")) as DatagramVector); // files of this repository
}

/** The frames of the node that sent flows: `a`, whatever the recorder called it. */
export function framesOfSender({ frames }: DatagramVector): readonly VectorFrame[] {
  const sender = frames.find(({ messages }) => messages.some(({ type }) => type <= 2))?.from;
  return frames.filter(({ from }) => from === sender);
}

/** All of a datagram at once. */
export function readDatagram(bytes: Uint8Array) {
  const reader = new DatagramReader().open(bytes);
  const messages: Message[] = [];
  while (reader.next()) {
    const { type, flags, sequence, kind, from, to, start, end } = reader;
    messages.push({ type, flags, sequence, kind, from, to, bytes, start, end });
  }
  return { messages, otherVersion: reader.otherVersion, fault: reader.fault };
}
