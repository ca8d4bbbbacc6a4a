/** What ldirectord answers to `status`, as far as the operator's command shows it. */

export interface DirectorStatus {
  /** A standby director checks everything and leaves the table alone. */
  readonly active: boolean;
  readonly config: string;
  /** ISO 8601. */
  readonly loadedAt: string;
  /** The file on disk had errors at the last reload. */
  readonly newerConfigRefused: boolean;
  readonly dataPlane: string;
  readonly services: readonly ServiceStatus[];
  /** Changes that the kernel refused and that are tried again. */
  readonly refused: readonly string[];
  /** Where the kernel's table is not as the director last left it: somebody else changed it. */
  readonly drift?: readonly string[];
}

export interface ServiceStatus {
  /** `tcp 192.0.2.10:80`, `fwmark 7 inet`. */
  readonly service: string;
  readonly scheduler: string;
  readonly reals: readonly RealStatus[];
  readonly fallback?: { readonly server: string; readonly used: boolean };
}

export interface RealStatus {
  readonly server: string;
  readonly forwarding: string;
  /** As configured. */
  readonly weight: number;
  readonly state: "up" | "down" | "not checked yet";
  readonly forMs: number;
  readonly reason?: string;
  /** What was said on the connection of the last failed check; lines are separated by `\n`. */
  readonly transcript?: string;
  readonly lastCheckMs?: number;
  readonly operator?: OperatorStatus;
  /** Its entry in the kernel's table; absent if it has none. */
  readonly inTable?: {
    readonly weight: number;
    readonly activeConnections: number;
    readonly inactiveConnections: number;
  };
}

/** What a person asked for by `systole server`. */
export interface OperatorStatus {
  readonly state: "drain" | "maint" | "weight";
  readonly weight?: number;
  readonly by: string;
  readonly why?: string;
  /** ISO 8601. */
  readonly since: string;
  readonly until?: string;
}

/** The version of the answer's shape that is understood here. */
const SCHEMA = 1;

/** @throws Error if a daemon of another version answered in another shape. */
export function readDirectorStatus(answer: unknown): DirectorStatus {
  const known = typeof answer === "object" && answer !== null && "schemaVersion" in answer;
  if (!known || answer.schemaVersion !== SCHEMA) {
    throw new Error("it answers in another version's words; restart it after an upgrade");
  }
  // ldirectord's `statusOf` of this schema makes exactly this; the tests of both ends play one against the other
  return answer as unknown as DirectorStatus;
}
