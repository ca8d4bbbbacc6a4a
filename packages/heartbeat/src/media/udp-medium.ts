/**
 * A medium over UDP: one socket to send, one to receive, both bound to a device.
 *
 * Sending is one system call: what `send` took has left when it returns. Many datagrams are read to a system call: in a
 * flood of 100,000 a second ours must still get through. A device that vanishes takes its sockets with it; they are
 * made anew when it returns, and each second while they cannot be made.
 */
import type { Link, Links } from "@systole/kernel";
import { type Clock, plus, seconds } from "@systole/machine";
import { errnoName, openUdpSocket, type UdpOptions, type UdpSocket } from "@systole/sys";
import { type IpAddress, ipBytes } from "@systole/wire";
import { type FailureCount, failureCount } from "./failure-count.js";
import type { Medium, MediumHandlers } from "./medium.js";

/** How to make the sockets, and where to send. */
export interface SocketPlan {
  readonly send: UdpOptions;
  readonly receive: UdpOptions;
  readonly toAddress: IpAddress;
  readonly toPort: number;
}

export interface UdpMediumDependencies {
  readonly clock: Clock;
  readonly links: Links;
  readonly handlers: MediumHandlers;
}

const RETRY_PAUSE = seconds(1);
/** Some 1,400 heartbeats: what a flood brings while we do something else. */
const RECEIVE_BUFFER_BYTES = 1024 * 1024;

interface Sockets {
  readonly out: UdpSocket;
  readonly in: UdpSocket;
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
    const { warn, info } = this.#world.handlers;
    const errno = this.#sockets.out.send(datagram);
    if (errno < 0) tell(warn, this.#sending.failed(errnoName(errno)));
    else tell(info, this.#sending.worked());
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
      this.#sockets = openSockets(plan, received);
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

function openSockets(plan: SocketPlan, received: (datagram: Uint8Array) => void): Sockets {
  const out = openUdpSocket(plan.send);
  try {
    out.aim(ipBytes(plan.toAddress), plan.toPort);
    const incoming = openUdpSocket({ ...plan.receive, receiveBufferBytes: RECEIVE_BUFFER_BYTES });
    incoming.listen(received);
    return { out, in: incoming };
  } catch (error) {
    out.close();
    throw error;
  }
}
