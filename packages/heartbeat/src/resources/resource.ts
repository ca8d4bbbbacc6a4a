/**
 * One word of haresources as something that can be started, stopped and asked.
 *
 * What a call throws is its failure. The runner gives each call a limit in time and says by `signal` when it is over.
 */
import type { Millis } from "@systole/machine";

/** A resource as written: `ldirectord::ldirectord.cf` is script `ldirectord` with one argument. */
export interface ResourceSpec {
  /** As written in haresources; names the resource in logs and events. */
  readonly text: string;
  readonly script: string;
  readonly args: readonly string[];
}

export interface ResourceLimits {
  readonly status: Millis;
  readonly start: Millis;
  readonly stop: Millis;
}

export interface Resource {
  readonly spec: ResourceSpec;
  readonly limits: ResourceLimits;
  /** Starting it twice does no harm: nobody needs to ask `status` before. */
  readonly idempotent: boolean;
  /** Its group serves without it: that it is found stopped is told, and no more. */
  readonly optional?: boolean;
  /** Does it run on this node? */
  status(signal: AbortSignal): Promise<boolean>;
  /** Answers with what did not work although the resource counts as started, such as `conntrack`. */
  start(signal: AbortSignal): Promise<readonly string[]>;
  /** Succeeds on a resource that does not run. */
  stop(signal: AbortSignal): Promise<void>;
  /** Renews what would expire by itself: sent before it returns. Before each heartbeat. */
  renew?(): void;
  /** Takes back what must not outlive our word: sent before it returns. A `stop` follows. */
  withdraw?(): void;
  /** Tells the neighbours again where it is. */
  announce?(): void;
}

export type ResourceProblem =
  | "bad-argument"
  | "no-interface"
  | "void-word"
  | "script-missing"
  | "exit-status"
  | "time-limit"
  | "control";

/** Why a resource did not do as told: for logs, events and the operator. */
export class ResourceError extends Error {
  override readonly name = "ResourceError";
  readonly code: ResourceProblem;

  constructor(code: ResourceProblem, message: string, cause?: unknown) {
    super(message, cause === undefined ? undefined : { cause });
    this.code = code;
  }
}

/** The sentence of anything that was thrown. */
export const problemOf = (error: unknown): string => (error instanceof Error ? error.message : String(error));
