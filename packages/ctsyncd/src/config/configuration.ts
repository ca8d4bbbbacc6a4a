/** What ctsyncd needs of its configuration file. */
import type { IpAddress } from "@systole/wire";
import type { Filter } from "../core/filter.js";

interface AnyLink {
  readonly interface: string;
  readonly port: number;
  readonly sendBufferBytes?: number;
  readonly receiveBufferBytes?: number;
}

export interface UdpLink extends AnyLink {
  readonly kind: "udp";
  /** Our address on the synchronisation network. */
  readonly address: IpAddress;
  readonly peer: IpAddress;
}

export interface MulticastLink extends AnyLink {
  readonly kind: "multicast";
  readonly group: IpAddress;
  /** The address of the sending interface; IPv4 only, IPv6 goes by the interface's name. */
  readonly address: IpAddress | undefined;
}

export type SyncLink = UdpLink | MulticastLink;

export interface Configuration {
  readonly mode: "ftfw" | "notrack";
  readonly link: SyncLink;
  /** ResendQueueSize, messages. */
  readonly resendLimit: number;
  /** ACKWindowSize, messages. */
  readonly ackWindow: number;
  readonly commitTimeoutSeconds: number | undefined;
  readonly purgeTimeoutSeconds: number;
  /** TCPWindowTracking. */
  readonly windowTracking: boolean;
  /** HashLimit: most flows in each cache. */
  readonly cacheLimit: number;
  readonly filter: Filter;
  /** NetlinkBufferSize and its growth: what the kernel may hold back of its events. */
  readonly eventBufferBytes: number | undefined;
  /** LogFile. */
  readonly logFile: string | undefined;
  /** Syslog: the facility by its name. */
  readonly syslogFacility: string | undefined;
}
