/**
 * From a datagram to an event of the core, or to one more number of what was dropped and why.
 *
 * The signature is checked before any field is read. The sender is found by its uuid first, then by its name. What is
 * not authentic goes to other-keys.ts, and no further.
 */
import { DecodeError, toHex } from "@systole/wire";
import type { CoreEvent } from "../core/event.js";
import { decodeFields, type Envelope, openEnvelope } from "../wire/datagram.js";
import { type KeyRing, verify } from "../wire/signature.js";
import { decodeMessage, type Received } from "../wire/vocabulary.js";
import type { OtherKeys } from "./other-keys.js";
import type { PeerFraming } from "./peer-framing.js";

export type Dropped = "malformed" | "unauthentic" | "unknown-node";

export interface ReceiverDependencies {
  readonly local: string;
  readonly localUuid: Uint8Array;
  /** The present key ring and nodes: a reload may change them. */
  readonly keys: () => KeyRing;
  readonly nodes: () => readonly string[];
  readonly accept: (event: Extract<CoreEvent, { type: "message" }>) => void;
  /** What an authentic datagram of a configured node shows of its framing (peer-framing.ts). */
  readonly heard: PeerFraming["heard"];
  /** Our own datagram came back on this medium. */
  readonly heardSelf: (medium: string) => void;
  readonly unauthentic: OtherKeys["unauthentic"];
  readonly drop: (why: Dropped, problem: string, medium: string) => void;
  readonly log: (line: string) => void;
}

export interface Receiver {
  receive(datagram: Uint8Array, medium: string): void;
  /** The uuid under which a node was last heard. */
  uuidOf(node: string): Uint8Array | undefined;
}

export const createReceiver = (dependencies: ReceiverDependencies): Receiver =>
  new AuthenticReceiver(dependencies);

class AuthenticReceiver implements Receiver {
  readonly #world: ReceiverDependencies;
  readonly #uuids: Map<string, Uint8Array>;
  /** Nodes by their uuid in hexadecimal. */
  readonly #names: Map<string, string>;

  constructor(dependencies: ReceiverDependencies) {
    this.#world = dependencies;
    const { local, localUuid } = dependencies;
    this.#uuids = new Map([[local, localUuid]]);
    this.#names = new Map([[toHex(localUuid), local]]);
  }

  uuidOf(node: string): Uint8Array | undefined {
    return this.#uuids.get(node);
  }

  receive(datagram: Uint8Array, medium: string): void {
    const { keys, drop, unauthentic } = this.#world;
    try {
      const envelope = openEnvelope(datagram);
      if (!verify(keys(), envelope.signature, envelope.covered)) {
        drop("unauthentic", `signature of key ${envelope.signature.keyIndex} is wrong`, medium);
        unauthentic(envelope, medium);
        return;
      }
      this.#deliver(envelope, decodeMessage(decodeFields(envelope)), medium);
    } catch (error) {
      if (!(error instanceof DecodeError)) throw error;
      drop("malformed", error.message, medium);
    }
  }

  #deliver(envelope: Envelope, { control, message }: Received, medium: string): void {
    const { accept, drop, heard, heardSelf, local } = this.#world;
    const from = this.#identify(control);
    if (from === undefined) {
      drop("unknown-node", `bad node [${printable(control.src)}] in message`, medium);
      return;
    }
    if (from === local) heardSelf(medium);
    else heard(from, envelope, message.type === "status" ? message.ours === undefined : undefined);
    const dest = this.#destination(control);
    const { generation, sequence } = control;
    const header = {
      from,
      generation,
      ...(sequence !== undefined && { sequence }),
      ...(dest !== undefined && { dest }),
    };
    accept({ type: "message", medium, header, message });
  }

  #identify({ src, srcUuid }: Received["control"]): string | undefined {
    const nodes = this.#world.nodes();
    const known = srcUuid === undefined ? undefined : this.#names.get(toHex(srcUuid));
    if (known !== undefined && nodes.includes(known)) return known;
    const name = src.toLowerCase();
    if (!nodes.includes(name)) return undefined;
    if (srcUuid !== undefined) this.#learn(name, srcUuid);
    return name;
  }

  #learn(name: string, uuid: Uint8Array): void {
    const { local, log } = this.#world;
    if (name === local) return; // somebody else under our name: its messages count as ours and say nothing
    const before = this.#uuids.get(name);
    if (before !== undefined) {
      this.#names.delete(toHex(before));
      log(`node ${name} changed its uuid from ${toHex(before)} to ${toHex(uuid)}`);
    }
    this.#uuids.set(name, Uint8Array.from(uuid));
    this.#names.set(toHex(uuid), name);
  }

  #destination({ dest, destUuid }: Received["control"]): string | undefined {
    const byUuid = destUuid === undefined ? undefined : this.#names.get(toHex(destUuid));
    return byUuid ?? dest?.toLowerCase();
  }
}

/** What a stranger calls itself, fit for a log line. */
const printable = (text: string): string => text.slice(0, 100).replaceAll(/[^\x21-\x7e]/g, "?");
