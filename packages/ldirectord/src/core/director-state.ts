/** The director's words: its state, its events, its actions. */
import type { BalancerChange, BalancerTable } from "@systole/kernel";
import type { Instant, Members, Millis } from "@systole/machine";
import type { Endpoint } from "@systole/wire";
import type { CheckState, Failure } from "./check.js";
import type { CheckResult, CheckSpec, DirectorConfig, RealConfig, ServiceConfig } from "./configured.js";
import type { Override, Overrides, Target } from "./override.js";

/** A standby director checks everything and leaves the table alone. */
export type Role = "active" | "standby";

export interface DirectorState {
  readonly role: Role;
  readonly config: DirectorConfig;
  /** By service key, in file order. */
  readonly services: ReadonlyMap<string, ServiceState>;
  /** By check key: real servers that ask the same thing share one check. */
  readonly checks: Members<string, CheckState>;
  /** Whom a verdict concerns, by check key. */
  readonly users: ReadonlyMap<string, readonly CheckUser[]>;
  readonly table: TableState;
  /** What operators asked for, also of real servers that the configuration does not have at this moment. */
  readonly overrides: Overrides;
  /** Whoever waits until the table is as wished. */
  readonly waiting: readonly number[];
  readonly nextDrift: Instant | undefined;
}

/** A real server, by the keys of its service and of itself. */
export interface CheckUser {
  readonly service: string;
  readonly real: string;
}

export interface ServiceState {
  readonly config: ServiceConfig;
  /** By real key. */
  readonly reals: ReadonlyMap<string, RealState>;
  readonly fallbackUsed: boolean;
  /** Whether people were told that the fallback is used: not before every real server had its first verdict. */
  readonly fallbackTold: boolean;
}

export interface RealState {
  readonly config: RealConfig;
  /** Undefined for a real server that is not asked. */
  readonly check: string | undefined;
  readonly up: boolean;
  /** A verdict, or what was found in the table, stands behind `up`. */
  readonly known: boolean;
  readonly since: Instant;
  readonly why: string | undefined;
}

/** The one conversation with the table: one read or one batch at a time. */
export interface TableState {
  readonly phase:
    | { readonly kind: "idle" }
    | { readonly kind: "reading"; readonly drift: boolean }
    | { readonly kind: "applying"; readonly planned: readonly Planned[]; readonly news: readonly Report[] };
  readonly work: Work;
  /** Nothing is tried before this moment, after a failure. */
  readonly notBefore: Instant | undefined;
  readonly pause: Millis;
  /** Changes that were refused and not yet accepted since, with the words of the kernel. */
  readonly refused: ReadonlyMap<string, string>;
}

/** What is to be brought in line with the table at the next look. */
export interface Work {
  /** Whole services. */
  readonly establish: ReadonlySet<string>;
  /** Single entries: service key to real keys; `""` is the fallback. */
  readonly touched: ReadonlyMap<string, ReadonlySet<string>>;
  readonly removals: ReadonlyMap<string, Removal>;
  /** What the others shall hear of once the table has followed. */
  readonly news: readonly Report[];
}

export interface Removal {
  readonly config: ServiceConfig;
  readonly serving: readonly Endpoint[];
  readonly purpose: "reload" | "stop";
}

/** Why a change is made: decides the words of its log line. */
export type Purpose =
  | { readonly kind: "service" }
  /** `up`: it takes traffic. */
  | { readonly kind: "real"; readonly real: RealConfig; readonly up: boolean }
  | { readonly kind: "fallback"; readonly used: boolean }
  | { readonly kind: "stranger" }
  | { readonly kind: "removal"; readonly purpose: "reload" | "stop" };

export interface Planned {
  readonly change: BalancerChange;
  readonly service: ServiceConfig;
  readonly purpose: Purpose;
}

export type DirectorEvent =
  | { readonly type: "configure"; readonly config: DirectorConfig }
  | { readonly type: "activate"; readonly request: number }
  | { readonly type: "deactivate"; readonly request: number }
  /** `override` undefined: back to what the configuration and the checks say. */
  | {
      readonly type: "operate";
      readonly targets: readonly Target[];
      readonly override: Override | undefined;
      readonly request: number;
    }
  | { readonly type: "checked"; readonly check: string; readonly result: CheckResult }
  | { readonly type: "table"; readonly table: BalancerTable }
  | { readonly type: "table-unreadable"; readonly problem: string }
  /** In the order of the batch; undefined: applied. */
  | { readonly type: "applied"; readonly problems: readonly (string | undefined)[] };

export type DirectorAction =
  | {
      readonly type: "start-check";
      readonly check: string;
      readonly spec: CheckSpec;
      readonly config: CheckState["config"];
    }
  /** Nobody wants its result any more; it must not come. */
  | { readonly type: "forget-check"; readonly check: string }
  | { readonly type: "read-table" }
  | { readonly type: "apply"; readonly changes: readonly BalancerChange[] }
  | { readonly type: "fallback-command"; readonly service: ServiceConfig; readonly verb: "start" | "stop" }
  /** The table is as wished, but for these refusals. */
  | { readonly type: "settled"; readonly request: number; readonly problems: readonly string[] }
  /** The orders of operators are others now: they shall outlive this process. */
  | { readonly type: "keep-overrides"; readonly overrides: Overrides }
  /** For the log, at once. */
  | { readonly type: "report"; readonly report: Report }
  /** For the other daemons, once the table has followed. */
  | { readonly type: "publish"; readonly report: Report };

/** What people may want to know. `active`: the table followed. */
export type Report =
  | { readonly kind: "changed"; readonly planned: Planned }
  | { readonly kind: "refused"; readonly planned: Planned; readonly problem: string }
  | { readonly kind: "unreadable"; readonly problem: string }
  | { readonly kind: "missing"; readonly service: ServiceConfig }
  | {
      readonly kind: "real-up";
      readonly service: ServiceConfig;
      readonly real: RealConfig;
      readonly active: boolean;
      readonly downMs: number | undefined;
      /** Its first verdict, not a return. */
      readonly first: boolean;
    }
  | {
      readonly kind: "real-down";
      readonly service: ServiceConfig;
      readonly real: RealConfig;
      readonly active: boolean;
      readonly result: Failure;
      /** No real server of the service is up any more. */
      readonly last: boolean;
    }
  | {
      readonly kind: "soft-failure";
      readonly service: ServiceConfig;
      readonly real: RealConfig;
      readonly failures: number;
      readonly limit: number;
      readonly result: Failure;
    }
  | {
      /** `override` undefined: the order was taken back, or its time is over. */
      readonly kind: "operated";
      readonly service: ServiceConfig;
      readonly real: RealConfig;
      readonly override: Override | undefined;
      readonly active: boolean;
    }
  | { readonly kind: "soft-reset"; readonly service: ServiceConfig; readonly real: RealConfig }
  | {
      readonly kind: "fallback-used" | "fallback-left";
      readonly service: ServiceConfig;
      readonly active: boolean;
    };
