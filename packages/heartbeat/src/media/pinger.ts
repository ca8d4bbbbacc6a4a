/**
 * Asks ping nodes with ICMP echo. What travels is a heartbeat message in the name of the ping node, signed by us: only
 * who got it from us in this life can send it back.
 *
 *   t=NS_st st=ping info=ping src=<ping node> ts=<our time>
 *
 * Source: specification of heartbeat, section 5.5; vector 09.
 */
import { lookup } from "node:dns/promises";
import { type Clock, type Instant, plus, seconds } from "@systole/machine";
import { type IcmpSocket, openIcmp } from "@systole/sys";
import {
  checksum,
  DecodeError,
  type Family,
  familyOf,
  type IpAddress,
  ipBytes,
  ipFromBytes,
  parseIp,
} from "@systole/wire";
import type { PingNodeConfig } from "../config/ha-cf.types.js";
import { decodeFields, openEnvelope, seal } from "../wire/datagram.js";
import { string, textOf } from "../wire/field.js";
import { type KeyRing, verify } from "../wire/signature.js";
import { type FailureCount, failureCount } from "./failure-count.js";

type PingTarget = Pick<PingNodeConfig, "kind" | "name" | "hosts">;

export interface PingerDependencies {
  readonly clock: Clock;
  /** Milliseconds since 1970. */
  readonly wallClock: () => number;
  readonly keys: () => KeyRing;
  readonly answered: (node: string) => void;
  readonly warn: (problem: string) => void;
}

export interface Pinger {
  /** From now on exactly these. */
  use(targets: readonly PingTarget[]): void;
  /** One echo request to every host. */
  ask(): void;
  /** Takes an ICMP message as it came; public for tests. */
  receive(message: Uint8Array, from: IpAddress): void;
  close(): void;
}

const ECHO = { inet: { request: 8, reply: 0 }, inet6: { request: 128, reply: 129 } } as const;
const HEADER_BYTES = 8;
/** Older answers say nothing about now. */
const LATEST = 128;
const RESOLVE_AGAIN = seconds(10);

interface Host {
  readonly name: string;
  address: IpAddress | undefined;
  resolveAt: Instant;
}

export const createPinger = (dependencies: PingerDependencies, id = process.pid & 0xffff): Pinger =>
  new EchoPinger(dependencies, id);

class EchoPinger implements Pinger {
  readonly #world: PingerDependencies;
  readonly #id: number;
  readonly #sockets = new Map<Family, IcmpSocket>();
  readonly #sending: FailureCount = failureCount("ping");
  #targets = new Map<string, { readonly target: PingTarget; readonly hosts: readonly Host[] }>();
  #sequence = 0;

  constructor(dependencies: PingerDependencies, id: number) {
    this.#world = dependencies;
    this.#id = id;
  }

  use(targets: readonly PingTarget[]): void {
    const resolveAt = this.#world.clock.now();
    const host = (name: string): Host => ({ name, address: parseIp(name), resolveAt });
    this.#targets = new Map(
      targets.map((target) => [target.name, { target, hosts: target.hosts.map(host) }]),
    );
  }

  ask(): void {
    if (this.#targets.size === 0) return;
    this.#sequence = (this.#sequence + 1) & 0xffff;
    for (const { target, hosts } of this.#targets.values()) {
      const message = this.#messageOf(target);
      for (const host of hosts) {
        if (host.address === undefined)
          void this.#resolve(host); // never rejects
        else this.#send(message, host.address);
      }
    }
  }

  #messageOf({ kind, name }: PingTarget): Uint8Array {
    const { keys, wallClock } = this.#world;
    const fields = [
      string("t", "NS_st"),
      string("st", "ping"),
      string("info", kind === "ping_group" ? "ping_group" : "ping"),
      string("src", name),
      string("ts", Math.floor(wallClock() / 1000).toString(16)),
    ];
    return seal(fields, { framing: "netstring", innerAuth: true }, keys());
  }

  #send(data: Uint8Array, address: IpAddress): void {
    const family = familyOf(address);
    try {
      const errno = this.#socket(family).send(
        echoRequest(family, this.#id, this.#sequence, data),
        ipBytes(address),
      );
      this.#tell(errno === 0 ? this.#sending.worked() : this.#sending.failed(`${address}: errno ${-errno}`));
    } catch (error) {
      this.#tell(
        this.#sending.failed(`${address}: ${error instanceof Error ? error.message : String(error)}`),
      );
    }
  }

  #socket(family: Family): IcmpSocket {
    const known = this.#sockets.get(family);
    if (known !== undefined) return known;
    const socket = openIcmp({ family, accept: [ECHO[family].reply] });
    socket.listen((message, from) => {
      const address = ipFromBytes(from);
      if (address !== undefined) this.receive(message, address);
    });
    this.#sockets.set(family, socket);
    return socket;
  }

  async #resolve(host: Host): Promise<void> {
    const { clock } = this.#world;
    const now = clock.now();
    if (now < host.resolveAt) return;
    host.resolveAt = plus(now, RESOLVE_AGAIN);
    try {
      host.address = parseIp((await lookup(host.name, { family: 4 })).address);
    } catch (error) {
      this.#tell(this.#sending.failed(error instanceof Error ? error.message : String(error)));
    }
  }

  receive(message: Uint8Array, from: IpAddress): void {
    if (message.length < HEADER_BYTES || message[0] !== ECHO[familyOf(from)].reply) return;
    const view = new DataView(message.buffer, message.byteOffset, message.byteLength);
    const age = (this.#sequence - view.getUint16(6)) & 0xffff;
    if (view.getUint16(4) !== this.#id || age >= LATEST) return;
    const name = this.#nameIn(message.subarray(HEADER_BYTES));
    const asked = name === undefined ? undefined : this.#targets.get(name);
    if (asked?.hosts.some(({ address }) => address === from)) this.#world.answered(asked.target.name);
  }

  /** The ping node in whose name we signed this; undefined if we did not. */
  #nameIn(data: Uint8Array): string | undefined {
    try {
      const envelope = openEnvelope(data);
      if (!verify(this.#world.keys(), envelope.signature, envelope.covered)) return undefined;
      const fields = decodeFields(envelope);
      return textOf(fields, "t") === "NS_st" ? textOf(fields, "src") : undefined;
    } catch (error) {
      if (!(error instanceof DecodeError)) throw error;
      return undefined; // an answer to another program's ping
    }
  }

  #tell(line: string | undefined): void {
    if (line !== undefined) this.#world.warn(line);
  }

  close(): void {
    for (const socket of this.#sockets.values()) socket.close();
    this.#sockets.clear();
  }
}

/** RFC 792, RFC 4443. The kernel fills in the checksum of ICMPv6. */
function echoRequest(family: Family, id: number, sequence: number, data: Uint8Array): Uint8Array {
  const packet = new Uint8Array(HEADER_BYTES + data.length);
  const view = new DataView(packet.buffer);
  packet[0] = ECHO[family].request;
  view.setUint16(4, id);
  view.setUint16(6, sequence);
  packet.set(data, HEADER_BYTES);
  if (family === "inet") view.setUint16(2, checksum(packet));
  return packet;
}
