/**
 * From a datagram to an event of the core, or to one more number of what was dropped and why.
 *
 * The signature is checked before any field is read. The sender is found by its uuid first, then by its name.
 */
import { DecodeError, toHex } from "@systole/wire";
import type { CoreEvent } from "../core/event.js";
import { decodeFields, type Envelope, openEnvelope } from "../wire/datagram.js";
import { type KeyRing, verify } from "../wire/signature.js";
import { decodeMessage, type Received } from "../wire/vocabulary.js";

export type Dropped = "malformed" | "unauthentic" | "unknown-node";

export interface ReceiverDependencies {
  readonly local: string;
  readonly localUuid: Uint8Array;
  /** The present key ring and nodes: a reload may change them. */
  readonly keys: () => KeyRing;
  readonly nodes: () => readonly string[];
  readonly accept: (event: Extract<CoreEvent, { type: "message" }>) => void;
  readonly drop: (why: Dropped, problem: string, medium: string) => void;
  readonly log: (line: string) => void;
}

export interface Receiver {
  receive(datagram: Uint8Array, medium: string): void;
  /** The uuid under which a node was last heard. */
  uuidOf(node: string): Uint8Array | undefined;
}

export function createReceiver(dependencies: ReceiverDependencies): Receiver {
  const { local, localUuid, keys, nodes, accept, drop, log } = dependencies;
  const uuids = new Map<string, Uint8Array>([[local, localUuid]]);
  const names = new Map<string, string>([[toHex(localUuid), local]]);

  function receive(datagram: Uint8Array, medium: string): void {
    try {
      const envelope: Envelope = openEnvelope(datagram);
      if (!verify(keys(), envelope.signature, envelope.covered)) {
        drop("unauthentic", `signature of key ${envelope.signature.keyIndex} is wrong`, medium);
        return;
      }
      deliver(decodeMessage(decodeFields(envelope)), medium);
    } catch (error) {
      if (!(error instanceof DecodeError)) throw error;
      drop("malformed", error.message, medium);
    }
  }

  function deliver({ control, message }: Received, medium: string): void {
    const from = identify(control);
    if (from === undefined) {
      drop("unknown-node", `bad node [${printable(control.src)}] in message`, medium);
      return;
    }
    const dest = destination(control);
    const { generation, sequence } = control;
    accept({
      type: "message",
      medium,
      header: {
        from,
        generation,
        ...(sequence !== undefined && { sequence }),
        ...(dest !== undefined && { dest }),
      },
      message,
    });
  }

  function identify({ src, srcUuid }: Received["control"]): string | undefined {
    const known = srcUuid === undefined ? undefined : names.get(toHex(srcUuid));
    if (known !== undefined && nodes().includes(known)) return known;
    const name = src.toLowerCase();
    if (!nodes().includes(name)) return undefined;
    if (srcUuid !== undefined) learn(name, srcUuid);
    return name;
  }

  function learn(name: string, uuid: Uint8Array): void {
    const before = uuids.get(name);
    if (name === local) return; // somebody else under our name: its messages count as ours and say nothing
    if (before !== undefined) {
      names.delete(toHex(before));
      log(`node ${name} changed its uuid from ${toHex(before)} to ${toHex(uuid)}`);
    }
    uuids.set(name, Uint8Array.from(uuid));
    names.set(toHex(uuid), name);
  }

  function destination({ dest, destUuid }: Received["control"]): string | undefined {
    const byUuid = destUuid === undefined ? undefined : names.get(toHex(destUuid));
    return byUuid ?? dest?.toLowerCase();
  }

  return { receive, uuidOf: (node) => uuids.get(node) };
}

/** What a stranger calls itself, fit for a log line. */
const printable = (text: string): string => text.slice(0, 100).replaceAll(/[^\x21-\x7e]/g, "?");
