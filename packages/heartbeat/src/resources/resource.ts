/**
 * One word of haresources as something that can be started, stopped and asked.
 *
 * What a call throws is its failure; the runner gives each call a limit in time and tells the call by `signal`.
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
  /** Starting it twice does no harm, so that nobody needs to ask `status` before. */
  readonly idempotent: boolean;
  /** Does it run on this node? */
  status(signal: AbortSignal): Promise<boolean>;
  /** Answers with what did not work although the resource counts as started, such as `conntrack`. */
  start(signal: AbortSignal): Promise<readonly string[]>;
  /** Succeeds on a resource that is not running. */
  stop(signal: AbortSignal): Promise<void>;
  /** Renews what would expire by itself. Sent before it returns; called before each heartbeat. */
  renew?(): void;
}

/** Why a resource did not do as told: for logs, events and the operator. */
export class ResourceError extends Error {
  override readonly name = "ResourceError";
  /** `script-missing`, `time-limit`, `exit-status`, `no-interface`, `control`, `lease`. */
  readonly code: string;

  constructor(code: string, message: string, cause?: unknown) {
    super(message, cause === undefined ? undefined : { cause });
    this.code = code;
  }
}

/** The sentence of anything that was thrown. */
export const problemOf = (error: unknown): string => (error instanceof Error ? error.message : String(error));
