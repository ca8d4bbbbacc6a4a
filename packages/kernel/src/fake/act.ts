/** What was asked of a fake kernel, or what it did by itself: for traces, and for tests that let it refuse. */

import type { Flow } from "@systole/node-netlink";
import type { IpAddress } from "@systole/wire";
import type { VipAddress } from "../addresses.js";
import type { BalancerChange } from "../balancer.js";
import { KernelError } from "../kernel-error.js";

export type FakeAct =
  | { readonly type: "hold"; readonly vip: VipAddress; readonly lifetimeSeconds: number | undefined }
  | { readonly type: "drop"; readonly vip: VipAddress }
  | { readonly type: "expired"; readonly vip: VipAddress }
  | { readonly type: "announce"; readonly vip: IpAddress; readonly device: string }
  | { readonly type: "arm-guard" }
  | { readonly type: "grant"; readonly vips: readonly IpAddress[]; readonly lifetimeMs: number }
  | { readonly type: "silence" | "release"; readonly vips: readonly IpAddress[] }
  | { readonly type: "link-up"; readonly device: string }
  | { readonly type: "read-table" }
  | { readonly type: "balance"; readonly change: BalancerChange }
  | { readonly type: "dump-flows" }
  | { readonly type: "commit-flow"; readonly flow: Flow }
  | { readonly type: "remove-flow"; readonly flow: Flow }
  | { readonly type: "flush-flows" };

/** Time for a fake kernel; `Clock` of `@systole/machine` is one. */
export interface FakeClock {
  /** Milliseconds. */
  now(): number;
  /** Calls `run` once at that moment; returns how to call it off. */
  at(when: number, run: () => void): () => void;
}

/** What all parts of one fake kernel share. */
export interface FakeContext {
  readonly clock: FakeClock;
  /** Called after each act that the kernel carried out. */
  readonly trace: (act: FakeAct) => void;
  /** The errno name with which this act is refused; undefined lets it through. */
  readonly refuse: (act: FakeAct) => string | undefined;
}

/** Carries the act out unless the test refuses it or `carryOut` returns an errno name. */
export function perform(
  context: FakeContext,
  act: FakeAct,
  operation: string,
  carryOut: () => string | undefined = () => undefined,
): void {
  const code = context.refuse(act) ?? carryOut();
  if (code !== undefined) throw new KernelError(operation, { code });
  context.trace(act);
}

/** Told one after the other; whoever is told may stop listening meanwhile. */
export function listeners<Arguments extends readonly unknown[]>() {
  const all = new Set<(...args: Arguments) => void>();
  return {
    add(listener: (...args: Arguments) => void): () => void {
      const entry = (...args: Arguments) => listener(...args);
      all.add(entry);
      return () => void all.delete(entry);
    },
    tell(...args: Arguments): void {
      for (const listener of [...all]) listener(...args);
    },
  };
}
