/** The lease guard in memory: who would answer at this moment. */
import type { IpAddress } from "@systole/wire";
import type { LeaseGuard } from "../lease-guard.js";
import { type FakeContext, perform } from "./act.js";

export interface FakeLeaseGuard extends LeaseGuard {
  /** False for a guarded VIP whose lease is over. */
  answers(vip: IpAddress): boolean;
  /** Somebody flushes the ruleset. */
  flushNow(): void;
}

export function fakeLeaseGuard(context: FakeContext): FakeLeaseGuard {
  /** When the lease of each guarded VIP ends. */
  let guarded: Map<IpAddress, number> | undefined;
  const ruled = (): string | undefined => (guarded === undefined ? "ENOENT" : undefined);

  return {
    async arm() {
      perform(context, { type: "arm-guard" }, "arm the VIP lease");
      guarded = new Map();
    },
    async grant(vips, lifetimeMs) {
      const act = { type: "grant", vips, lifetimeMs } as const;
      perform(context, act, `let ${vips.join(", ")} answer for ${lifetimeMs} ms`, ruled);
      for (const vip of vips) guarded?.set(vip, context.clock.now() + lifetimeMs);
    },
    async silence(vips) {
      perform(context, { type: "silence", vips }, `silence ${vips.join(", ")}`, ruled);
      for (const vip of vips) if (guarded?.has(vip)) guarded.set(vip, context.clock.now());
    },
    async release(vips) {
      perform(context, { type: "release", vips }, `release ${vips.join(", ")} from the lease`, ruled);
      for (const vip of vips) guarded?.delete(vip);
    },
    async disarm() {
      guarded = undefined;
    },
    answers: (vip) => context.clock.now() < (guarded?.get(vip) ?? Number.POSITIVE_INFINITY),
    flushNow: () => {
      guarded = undefined;
    },
  };
}
