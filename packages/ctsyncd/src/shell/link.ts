/** One link to the peers, whatever it is made of. */
import { readFileSync } from "node:fs";
import { familyOf, type IpAddress } from "@systole/wire";
import type { SyncLink } from "../config/configuration.js";

export interface LinkHooks {
  /** `datagram` is valid only during the call. */
  readonly received: (from: IpAddress, datagram: Uint8Array) => void;
  /** Once when the link breaks, not again until it has worked. */
  readonly broken: (problem: string) => void;
  readonly works: () => void;
  /** A connection to a peer stands: what was sent before it is lost. TCP only. */
  readonly connected: (peer: IpAddress) => void;
}

export interface LinkCounters {
  sentBytes: number;
  sentDatagrams: number;
  sendErrors: number;
  receivedBytes: number;
  receivedDatagrams: number;
  receiveErrors: number;
}

export const noTraffic = (): LinkCounters => ({
  sentBytes: 0,
  sentDatagrams: 0,
  sendErrors: 0,
  receivedBytes: 0,
  receivedDatagrams: 0,
  receiveErrors: 0,
});

export interface SyncChannel {
  /** To every peer. What cannot be sent is lost, and counted; FTFW sends it again. */
  send(datagram: Uint8Array): void;
  readonly counters: LinkCounters;
  /** The sockets are there. */
  readonly open: boolean;
  /** TCP only: whether a peer is connected to us, and we to a peer. */
  readonly connections?: { readonly incoming: boolean; readonly outgoing: boolean };
  close(): void;
}

/** Standard Ethernet, when the interface cannot be asked. */
const USUAL_MTU = 1500;

/** Largest payload that is not fragmented on this link. */
export function capacityOf(link: SyncLink): number {
  const address = link.kind === "multicast" ? link.group : link.address;
  const ipHeader = familyOf(address) === "inet" ? 20 : 40;
  return mtuOf(link.interface) - ipHeader - (link.kind === "tcp" ? 20 : 8);
}

function mtuOf(name: string): number {
  try {
    const mtu = Number(readFileSync(`/sys/class/net/${name}/mtu`, "utf8"));
    return mtu >= 576 && mtu <= 65_535 ? mtu : USUAL_MTU;
  } catch {
    return USUAL_MTU; // not there yet: it will be asked for again when the daemon restarts
  }
}
