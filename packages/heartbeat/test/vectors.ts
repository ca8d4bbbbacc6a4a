/** The datagrams captured between nodes of heartbeat 3.0.6, as the tests read them (test/vectors/heartbeat). */
import { readdirSync, readFileSync } from "node:fs";
import { hex } from "@systole/wire";
import type { Key, KeyRing, Method } from "../src/wire/signature.js";

interface RawKey {
  readonly method: Method;
  readonly key: string;
}

interface RawDatagram {
  readonly i: number;
  readonly t: number;
  readonly from: string;
  readonly format: "netstring" | "classic";
  readonly fields: readonly (readonly [number, string, string])[];
  readonly auth: string;
  readonly innerAuthValid?: boolean;
  readonly hex: string;
}

interface RawScenario {
  readonly scenario: string;
  readonly authkeys: { readonly active: number; readonly keys: Readonly<Record<string, RawKey>> };
  readonly authkeysPerNode?: Readonly<Record<string, Readonly<Record<string, RawKey>>>>;
  readonly datagrams: readonly RawDatagram[];
}

export interface VectorDatagram extends RawDatagram {
  readonly bytes: Uint8Array;
}

export interface Scenario {
  readonly name: string;
  readonly datagrams: readonly VectorDatagram[];
  /** The keys of the node that sent it. */
  ringOf(datagram: VectorDatagram): KeyRing;
}

const FOLDER = new URL("../../../test/vectors/heartbeat/", import.meta.url);

function ring(active: number, raw: Readonly<Record<string, RawKey>>): KeyRing {
  const keys = new Map(
    Object.entries(raw).map(([digits, { method, key }]): [number, Key] => {
      const index = Number(digits);
      return [index, { index, method, key: Buffer.from(key) }];
    }),
  );
  return { signing: keys.get(active)!, keys };
}

export function scenarios(): readonly Scenario[] {
  const files = readdirSync(FOLDER).filter((name) => name.endsWith(".json"));
  return files.map((file) => {
    // the files are ours and have this shape
    const raw = JSON.parse(readFileSync(new URL(file, FOLDER), "utf8")) as RawScenario;
    return {
      name: raw.scenario,
      datagrams: raw.datagrams.map((datagram) => ({ ...datagram, bytes: hex(datagram.hex) })),
      ringOf: ({ from }) => ring(raw.authkeys.active, raw.authkeysPerNode?.[from] ?? raw.authkeys.keys),
    };
  });
}
