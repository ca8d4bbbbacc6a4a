/**
 * A medium over UDP: one socket to send, one to receive, both bound to a device.
 *
 * The sockets are made with their options by @systole/sys and handed to `dgram`. A device that vanishes takes its
 * sockets with it; they are made anew when it returns, and each second while they cannot be made.
 */
import { createSocket, type Socket } from "node:dgram";
import type { Link, Links } from "@systole/kernel";
import { type Clock, plus, seconds } from "@systole/machine";
import { openUdp, type UdpOptions } from "@systole/sys";
import { type FailureCount, failureCount } from "./failure-count.js";
import type { Medium, MediumHandlers } from "./medium.js";

/** How to make the sockets, and where to send. */
export interface SocketPlan {
  readonly send: UdpOptions;
  readonly receive: UdpOptions;
  readonly toAddress: string;
  readonly toPort: number;
}

export interface UdpMediumDependencies {
  readonly clock: Clock;
  readonly links: Links;
  readonly handlers: MediumHandlers;
}

const RETRY_PAUSE = seconds(1);

interface Sockets {
  readonly plan: SocketPlan;
  readonly out: Socket;
  readonly in: Socket;
}

/**
 * Opens the medium; resolves when it is open, or has failed for the first time and goes on trying.
 *
 * @param makePlan asked anew each time: the device may have come back with another index or address.
 */
export async function openUdpMedium(
  device: string,
  description: string,
  makePlan: () => Promise<SocketPlan>,
  dependencies: UdpMediumDependencies,
): Promise<Medium> {
  const medium = new UdpMedium(device, description, makePlan, dependencies);
  await medium.begin();
  return medium;
}

class UdpMedium implements Medium {
  readonly name: string;
  readonly description: string;
  readonly #makePlan: () => Promise<SocketPlan>;
  readonly #world: UdpMediumDependencies;
  readonly #sending: FailureCount;
  readonly #opening: FailureCount;
  #sockets: Sockets | undefined;
  /** Of the device at present. */
  #index: number | undefined;
  #closed = false;
  /** Counts attempts to open: one that was overtaken does nothing more. */
  #attempt = 0;
  #callOff = () => {};
  #stopWatching = () => {};

  constructor(
    device: string,
    description: string,
    makePlan: () => Promise<SocketPlan>,
    dependencies: UdpMediumDependencies,
  ) {
    this.name = device;
    this.description = description;
    this.#makePlan = makePlan;
    this.#world = dependencies;
    this.#sending = failureCount(`${description}: send`);
    this.#opening = failureCount(`${description}: open`);
  }

  get ready(): boolean {
    return this.#sockets !== undefined;
  }

  async begin(): Promise<void> {
    const { links } = this.#world;
    this.#index = (await links.list()).find(({ name }) => name === this.name)?.index;
    this.#stopWatching = links.watch((link, gone) => this.#linkChanged(link, gone));
    await this.#open();
  }

  send(datagram: Uint8Array): void {
    if (this.#sockets === undefined) return;
    const { plan, out } = this.#sockets;
    const { warn, info } = this.#world.handlers;
    out.send(datagram, plan.toPort, plan.toAddress, (error) => {
      if (error) tell(warn, this.#sending.failed(error.message));
      else tell(info, this.#sending.worked());
    });
  }

  close(): void {
    this.#closed = true;
    this.#callOff();
    this.#stopWatching();
    this.#shut();
  }

  async #open(): Promise<void> {
    const { handlers } = this.#world;
    this.#callOff();
    const mine = ++this.#attempt;
    const overtaken = () => this.#closed || mine !== this.#attempt;
    try {
      const plan = await this.#makePlan();
      if (overtaken()) return;
      this.#shut();
      const received = (datagram: Uint8Array) => handlers.received(datagram, this);
      this.#sockets = openSockets(plan, received, (problem) => this.#broken(problem));
      tell(handlers.info, this.#opening.worked());
    } catch (error) {
      if (overtaken()) return;
      tell(handlers.warn, this.#opening.failed(error instanceof Error ? error.message : String(error)));
      this.#retry();
    }
  }

  #retry(): void {
    const { clock } = this.#world;
    this.#callOff();
    this.#callOff = clock.at(plus(clock.now(), RETRY_PAUSE), () => void this.#open()); // never rejects
  }

  #broken(problem: string): void {
    tell(this.#world.handlers.warn, this.#opening.failed(problem));
    this.#shut();
    if (!this.#closed) this.#retry();
  }

  #shut(): void {
    this.#sockets?.out.close();
    this.#sockets?.in.close();
    this.#sockets = undefined;
  }

  #linkChanged(link: Link, gone: boolean): void {
    if (link.name !== this.name || (!gone && link.index === this.#index && this.ready)) return;
    this.#index = gone ? undefined : link.index;
    if (gone) this.#broken(`${this.name} is gone`);
    else void this.#open(); // never rejects
  }
}

function tell(log: (text: string) => void, line: string | undefined): void {
  if (line !== undefined) log(line);
}

function openSockets(
  plan: SocketPlan,
  received: (datagram: Uint8Array) => void,
  broken: (problem: string) => void,
): Sockets {
  const out = adopt(plan.send, broken);
  try {
    const incoming = adopt(plan.receive, broken);
    incoming.on("message", received);
    return { plan, out, in: incoming };
  } catch (error) {
    out.close();
    throw error;
  }
}

/** A prepared descriptor as a dgram socket. Addresses are never looked up: sending happens within the call. */
function adopt(options: UdpOptions, broken: (problem: string) => void): Socket {
  const fd = openUdp(options);
  const ipv4 = options.family === "inet";
  const socket = createSocket({
    type: ipv4 ? "udp4" : "udp6",
    lookup: (address, _options, callback) => callback(null, address, ipv4 ? 4 : 6),
  });
  socket.on("error", (error) => broken(error.message));
  socket.bind({ fd, exclusive: true });
  return socket;
}
