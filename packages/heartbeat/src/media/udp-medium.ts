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
  { clock, links, handlers }: UdpMediumDependencies,
): Promise<Medium> {
  const sending = failureCount(`${description}: send`);
  const opening = failureCount(`${description}: open`);
  let sockets: Sockets | undefined;
  let index: number | undefined;
  let closed = false;
  let attempt = 0;
  let callOff = () => {};

  async function open(): Promise<void> {
    callOff();
    const mine = ++attempt;
    try {
      const plan = await makePlan();
      if (closed || mine !== attempt) return; // another attempt has overtaken this one
      shut();
      sockets = openSockets(plan, (datagram) => handlers.received(datagram, medium), broken);
      tell(handlers.info, opening.worked());
    } catch (error) {
      if (closed || mine !== attempt) return;
      tell(handlers.warn, opening.failed(error instanceof Error ? error.message : String(error)));
      retry();
    }
  }

  function retry(): void {
    callOff();
    callOff = clock.at(plus(clock.now(), RETRY_PAUSE), () => void open());
  }

  function broken(problem: string): void {
    tell(handlers.warn, opening.failed(problem));
    shut();
    if (!closed) retry();
  }

  function shut(): void {
    sockets?.out.close();
    sockets?.in.close();
    sockets = undefined;
  }

  function linkChanged(link: Link, gone: boolean): void {
    if (link.name !== device || (!gone && link.index === index && sockets !== undefined)) return;
    index = gone ? undefined : link.index;
    if (gone) broken(`${device} is gone`);
    else void open();
  }

  const medium: Medium = {
    name: device,
    description,
    get ready() {
      return sockets !== undefined;
    },
    send(datagram) {
      if (sockets === undefined) return;
      sendNow(sockets, datagram, sending, handlers);
    },
    close() {
      closed = true;
      callOff();
      stopWatching();
      shut();
    },
  };
  index = (await links.list()).find(({ name }) => name === device)?.index;
  const stopWatching = links.watch(linkChanged);
  await open();
  return medium;
}

function sendNow(
  { plan, out }: Sockets,
  datagram: Uint8Array,
  sending: FailureCount,
  { warn, info }: MediumHandlers,
): void {
  out.send(datagram, plan.toPort, plan.toAddress, (error) => {
    if (error) tell(warn, sending.failed(error.message));
    else tell(info, sending.worked());
  });
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
