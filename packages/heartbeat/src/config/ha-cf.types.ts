/** What ha.cf says, with every default filled in. */
import type { Span } from "@systole/config";
import type { Millis } from "@systole/machine";
import type { IpAddress } from "@systole/wire";

/** A way heartbeats travel. `at` is its place in ha.cf, for what only the running system can find wrong. */
export type MediumConfig =
  | { readonly kind: "bcast"; readonly device: string; readonly port: number; readonly at: Span }
  | {
      readonly kind: "ucast" | "ucast6";
      readonly device: string;
      /** An address, or a name that is resolved when the medium opens, and again until that succeeds. */
      readonly peer: string;
      readonly port: number;
      readonly at: Span;
    }
  | {
      readonly kind: "mcast" | "mcast6";
      readonly device: string;
      readonly group: IpAddress;
      readonly port: number;
      /** 0 to 4; hops for IPv6. */
      readonly ttl: number;
      readonly loop: boolean;
      readonly at: Span;
    }
  | {
      readonly kind: "serial";
      /** The path of a character device: `/dev/ttyS0`. */
      readonly device: string;
      /** Bits a second, the same for all serial media. */
      readonly baud: number;
      readonly at: Span;
    };

export type UdpMediumConfig = Exclude<MediumConfig, { kind: "serial" }>;

/** A host that is only asked whether it answers (ICMP echo); a pseudo member of the cluster. */
export interface PingNodeConfig {
  readonly kind: "ping" | "ping6" | "ping_group";
  /** Its name as a member, lower case: the host as written, or the name of the group. */
  readonly name: string;
  /** Addresses or names; a group is up while any of them answers. One unless it is a group. */
  readonly hosts: readonly string[];
  readonly at: Span;
}

/** A program that heartbeat keeps running while communication is up: `respawn` and `failfast`. */
export interface ClientProgram {
  /** A user of this machine, or its number. */
  readonly user: string;
  /** Absolute. */
  readonly path: string;
  readonly args: readonly string[];
  /** An abnormal death reboots the machine. */
  readonly failfast: boolean;
  readonly at: Span;
}

/** Who may sign on as a client of that name: any of these users or groups. Names, or numbers as text. */
export interface ClientAccess {
  readonly uids: readonly string[];
  readonly gids: readonly string[];
}

/** How a dead node is made sure to be off. */
export interface FenceDevice {
  /** As `stonith -L` lists it: `external/ipmi`; or the name of a fence agent: `fence_ipmilan`. */
  readonly type: string;
  /** `stonith`: a file with the parameters; `stonith_host`: the parameters themselves. */
  readonly parameters: { readonly file: string } | { readonly text: string };
  readonly at: Span;
}

export interface HaCf {
  /** Lower case, in the file's order. No ping nodes. */
  readonly nodes: readonly string[];
  readonly pingNodes: readonly PingNodeConfig[];
  readonly keepalive: Millis;
  readonly deadtime: Millis;
  readonly warntime: Millis;
  readonly initdead: Millis;
  readonly deadping: Millis;
  readonly autoFailback: "on" | "off" | "legacy";
  readonly media: readonly MediumConfig[];
  /** Only feeds the `ttl` field of a message. */
  readonly hopfudge: number;
  readonly maxRexmitDelay: Millis;
  readonly generationFrom: "file" | "time";
  readonly framing: "classic" | "netstring";
  /** `respawn` and `failfast`, in the file's order. */
  readonly clients: readonly ClientProgram[];
  /** `apiauth` by client name, the defaults of the original among them. */
  readonly clientAccess: ReadonlyMap<string, ClientAccess>;
  /** The last `stonith` or `stonith_host` that concerns this node. */
  readonly fenceDevice: FenceDevice | undefined;
  readonly watchdog: { readonly device: string; readonly at: Span } | undefined;
  readonly logFile: string | undefined;
  readonly debugFile: string | undefined;
  readonly logFacility: string | undefined;
  /** `syslogmsgfmt`: log lines as syslog has them, or the older form of heartbeat. */
  readonly syslogFormat: boolean;
  /** 0 to 255. */
  readonly debug: number;
  readonly realtime: boolean;
  /** 1 to 99. */
  readonly realtimePriority: number;
  readonly logBadPackets: boolean;
  /** `env` lines: exported to scripts as `HA_<name>`. */
  readonly environment: ReadonlyMap<string, string>;
  /** Every directive's last argument text: what `cl_status hbparameter` and `HA_<name>` show. */
  readonly parameters: ReadonlyMap<string, string>;
  /** Our own `viplease`: VIPs carry a lifetime that the kernel enforces. */
  readonly vipLease: boolean;
  /** `respawn ... /ipfail`, or our own `ipfail`: give up what fewer ping nodes can reach. */
  readonly ipFail: boolean;
  /** Our own `vipwatch`: who else answers for our VIPs on the service LAN is noticed. */
  readonly vipWatch: boolean;
  /** Our own `otherkeys`: at a start, what follows when somebody speaks in a peer's name with another key. */
  readonly otherKeys: "wait" | "ignore";
  /** Our own `monitor`: resources that run here are asked for their status, and what follows if one is down. */
  readonly monitor: { readonly interval: Millis; readonly policy: "restart" | "move" | "tell" } | undefined;
  /** Our own `scriptlimit`: how long a script may take to start or stop. */
  readonly scriptLimit: Millis;
  /** Our own `scriptunits`: under systemd scripts run as transient units. */
  readonly scriptUnits: boolean;
  /** Our own `stopfailure`: what follows when a resource cannot be stopped. The original reboots the machine. */
  readonly stopFailure: "hold" | "reboot";
}

/** What ha.cf is judged against besides its own text. Handed in: parsing is pure. */
export interface HaCfSurroundings {
  /** `uname -n`, or what nodeinfo says. */
  readonly localNode: string;
  isUser(name: string): boolean;
  isGroup(name: string): boolean;
  /** False only if the file is wrong when there is no such interface now; it may vanish and come back later. */
  isInterface(name: string): boolean;
  /** Is there a fence device of this type on this machine? */
  isFenceType(type: string): boolean;
  fileKind(path: string): "missing" | "character-device" | "program" | "directory" | "other";
  /** The port of `ha-cluster` in /etc/services, over UDP. */
  readonly port: number | undefined;
  /** What else /etc/services calls this UDP port; undefined if nothing. */
  serviceOf(port: number): string | undefined;
}
