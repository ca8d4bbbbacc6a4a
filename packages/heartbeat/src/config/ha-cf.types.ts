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
    };

export interface HaCf {
  /** Lower case, in the file's order. */
  readonly nodes: readonly string[];
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
  readonly logFile: string | undefined;
  readonly debugFile: string | undefined;
  readonly logFacility: string | undefined;
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
}
