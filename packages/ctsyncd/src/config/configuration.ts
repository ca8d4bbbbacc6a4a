/** What ctsyncd needs of its configuration file. */
import type { IpAddress } from "@systole/wire";
import type { Filter } from "../core/filter.js";

interface AnyLink {
  readonly interface: string;
  readonly port: number;
  readonly sendBufferBytes?: number;
  readonly receiveBufferBytes?: number;
  /** Checksum off. */
  readonly noChecksum?: boolean;
}

/** UDP or TCP: to each peer by his address. */
export interface UnicastLink extends AnyLink {
  readonly kind: "udp" | "tcp";
  /** Our address on the synchronisation network. */
  readonly address: IpAddress;
  /** The peers' addresses; the n-th of every link is the same peer. */
  readonly peers: readonly IpAddress[];
}

export interface MulticastLink extends AnyLink {
  readonly kind: "multicast";
  readonly group: IpAddress;
  /** The address of the sending interface; IPv4 only, IPv6 goes by the interface's name. */
  readonly address: IpAddress | undefined;
  /** Who may speak to us; empty: everybody who is on the group. */
  readonly peers: readonly IpAddress[];
}

export type SyncLink = UnicastLink | MulticastLink;

/** Real-time scheduling that the file asks for. */
export interface Scheduling {
  readonly policy: "rr" | "fifo";
  readonly priority: number;
}

export interface Configuration {
  readonly mode: "ftfw" | "notrack" | "alarm";
  /** One to four, all of one kind; the first is the one that is used while it works. */
  readonly links: readonly [SyncLink, ...SyncLink[]];
  /** Off: DisableInternalCache. */
  readonly localCache: boolean;
  /** Off: DisableExternalCache. */
  readonly peerCache: boolean;
  /** RefreshTime and CacheTimeout; ALARM only. */
  readonly refreshSeconds: number;
  readonly cacheTimeoutSeconds: number;
  /** ExpectationSync: none, all, or those of these helpers. */
  readonly expectations: "none" | "all" | readonly string[];
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
  /** NetlinkEventsReliable. */
  readonly reliableEvents: boolean;
  /** UNIX Path: where the original's clients ask. */
  readonly controlPath: string | undefined;
  /** LockFile. */
  readonly lockFile: string | undefined;
  readonly scheduling: Scheduling | undefined;
  /** LogFile. */
  readonly logFile: string | undefined;
  /** Syslog: the facility by its name. */
  readonly syslogFacility: string | undefined;
}
