/**
 * Ping checks: one raw ICMP socket per family for all real servers.
 *
 * Echo requests carry our process id and a sequence number; the first answer to any of the tries counts.
 */
import { type Clock, milliseconds } from "@systole/machine";
import { type IcmpSocket, openIcmp } from "@systole/sys";
import { checksum, type Family, familyOf, type IpAddress, ipBytes, ipFromBytes } from "@systole/wire";
import type { Outcome } from "./dialogue.js";
import type { Patience } from "./patience.js";

const ECHO = { inet: { request: 8, reply: 0 }, inet6: { request: 128, reply: 129 } } as const;

export interface Pinger {
  /** Answers how to call it off. */
  ping(address: IpAddress, tries: number, limitMs: number, finish: (outcome: Outcome) => void): () => void;
  close(): void;
}

export function createPinger(clock: Clock, patience: Patience, id = process.pid & 0xffff): Pinger {
  const sockets = new Map<Family, IcmpSocket>();
  const waiting = new Map<number, { readonly address: IpAddress; readonly answered: () => void }>();
  let sequence = 0;

  function socketFor(family: Family): IcmpSocket {
    const known = sockets.get(family);
    if (known !== undefined) return known;
    const socket = openIcmp({ family, accept: [ECHO[family].reply] });
    socket.listen((message, from) => heard(family, message, from));
    socket.unref();
    sockets.set(family, socket);
    return socket;
  }

  function heard(family: Family, message: Uint8Array, from: Uint8Array): void {
    if (message[0] !== ECHO[family].reply || ((message[4]! << 8) | message[5]!) !== id) return;
    const waiter = waiting.get((message[6]! << 8) | message[7]!);
    if (waiter !== undefined && waiter.address === ipFromBytes(from)) waiter.answered();
  }

  function nextSequence(): number {
    do sequence = (sequence + 1) & 0xffff;
    while (waiting.has(sequence));
    return sequence;
  }

  return {
    ping(address, tries, limitMs, finish) {
      const family = familyOf(address);
      const each = milliseconds(limitMs / tries);
      const started = clock.now();
      const used: number[] = [];
      let callOff: () => void = () => {};
      const stop = () => {
        callOff();
        for (const number of used) waiting.delete(number);
      };
      const end = (outcome: Outcome) => {
        stop();
        finish(outcome);
      };
      const attempt = (left: number) => {
        if (left === 0) return end({ up: false, reason: `${address} did not answer ${tries} echo requests` });
        const number = nextSequence();
        used.push(number);
        waiting.set(number, {
          address,
          answered: () => end({ up: true, message: `answered in ${Math.round(clock.now() - started)} ms` }),
        });
        const limit = patience.after(each, () => attempt(left - 1));
        callOff = () => limit.callOff();
        try {
          socketFor(family).send(echoRequest(family, id, number), ipBytes(address));
        } catch (error) {
          end({
            up: false,
            reason: `cannot ping: ${error instanceof Error ? error.message : String(error)}`,
          });
        }
      };
      attempt(tries);
      return stop;
    },
    close() {
      for (const socket of sockets.values()) socket.close();
      sockets.clear();
    },
  };
}

/** RFC 792, RFC 4443: 64 bytes of data, as ping sends them. */
export function echoRequest(family: Family, id: number, sequence: number): Uint8Array {
  const message = new Uint8Array(72).fill(0x53, 8);
  message.set([ECHO[family].request, 0, 0, 0, id >> 8, id & 255, sequence >> 8, sequence & 255]);
  if (family === "inet") {
    const sum = checksum(message);
    message.set([sum >> 8, sum & 255], 2);
  }
  return message;
}
