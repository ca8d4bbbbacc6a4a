import assert from "node:assert/strict";
import type { Kernel } from "../kernel.js";
import { errorCode } from "../kernel-error.js";

/** Where a case runs. */
export interface Place {
  readonly kernel: Kernel;
  /** An interface that is up; the case may put addresses of 192.0.2.0/24 and 2001:db8::/32 on it. */
  readonly device: string;
  /** Lets time pass for this kernel: by waiting, or by moving a clock. */
  elapse(ms: number): Promise<void>;
}

export interface ContractCase {
  readonly part: "addresses" | "links" | "leaseGuard" | "announcer" | "balancer" | "conntrack";
  readonly name: string;
  run(place: Place): Promise<void>;
}

/** The call is refused with this errno. */
export async function refuses(code: string, call: Promise<unknown>): Promise<void> {
  try {
    await call;
  } catch (error) {
    assert.equal(errorCode(error), code, String(error));
    return;
  }
  assert.fail(`was not refused with ${code}`);
}

/** Waits, in the place's time and at most five seconds of it, until `condition` holds. */
export async function comes(place: Place, what: string, condition: () => boolean): Promise<void> {
  for (let turn = 0; turn < 250 && !condition(); turn++) await place.elapse(20);
  assert.ok(condition(), `${what} did not come`);
}
