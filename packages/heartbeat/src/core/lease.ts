/**
 * When our own word is void.
 *
 * A node that was silent for one lease may have been called dead; the kernel has removed or silenced its VIPs by then
 * (they live no longer than the lease after the last renewal). So it starts over as a stranger: a new generation, and
 * nothing that it heard before counts.
 *
 * A kernel counts lifetimes of addresses in seconds and ends them up to 0.4 s late: deadtime - keepalive - 0.5 s, whole
 * seconds. Where that leaves nothing, the lease guard counts milliseconds and ends them within two ticks of the
 * kernel: deadtime - 1.5 keepalives - 10 ms. Measured: docs/architecture.md, "The VIP lease".
 */
import { type Millis, milliseconds, seconds } from "@systole/machine";

export interface Lease {
  /** `address`: the lifetime of the address itself, whole seconds; `guard`: the lease guard of the kernel. */
  readonly kind: "address" | "guard";
  readonly length: Millis;
}

interface LeaseTiming {
  readonly keepalive: Millis;
  readonly deadtime: Millis;
}

/** How late a kernel may end a lifetime of an address, and a heartbeat may arrive. */
export const LEASE_GUARD = milliseconds(500);

/** How late the kernel may end a lease. */
export const lateness = ({ kind }: Lease): Millis => milliseconds(kind === "guard" ? 10 : 400);

/** The lease that these times allow; undefined if it would be shorter than what must fit into it. */
export function leaseFor(timing: LeaseTiming, canGuard: boolean): Lease | undefined {
  const { keepalive, deadtime } = timing;
  const whole = seconds(Math.floor((deadtime - keepalive - LEASE_GUARD) / 1000));
  if (whole >= 1000 && whole >= 2 * keepalive) return { kind: "address", length: whole };
  const guarded = milliseconds(deadtime - 1.5 * keepalive - lateness({ kind: "guard", length: deadtime }));
  return canGuard && guarded >= 1.5 * keepalive ? { kind: "guard", length: guarded } : undefined;
}

/** On a director with twice as much work as it can do, a start took 14 s. */
const LONGEST_RESTART = seconds(20);

/** The deadtime that we announce while we are restarted on purpose; never longer than a peer that boots waits. */
export const longerDeadtime = ({ deadtime, initdead }: { deadtime: Millis; initdead: Millis }): Millis =>
  milliseconds(Math.max(deadtime, Math.min(initdead, deadtime + LONGEST_RESTART)));

/** The lease of the same kind that a longer deadtime allows: for a restart on purpose (restarting.ts). */
export function longerLease(
  { keepalive }: LeaseTiming,
  deadtime: Millis,
  kind: Lease["kind"],
): Lease | undefined {
  if (kind === "address") return leaseFor({ keepalive, deadtime }, false);
  return { kind, length: milliseconds(deadtime - 1.5 * keepalive - lateness({ kind, length: deadtime })) };
}

/** Whoever has been silent for this long starts over: the lease, or what it would be without whole seconds. */
export function silenceLimit(timing: LeaseTiming & { readonly lease: Lease | undefined }): Millis {
  const { keepalive, deadtime, lease } = timing;
  return lease?.length ?? milliseconds(Math.max(keepalive * 1.5, deadtime - keepalive));
}

/**
 * A live peer that acknowledges only heartbeats of ours older than this does not hear us any more. Less than the lease,
 * so that we let go before it takes over.
 */
export function deafLimit(timing: LeaseTiming & { readonly lease: Lease | undefined }): Millis {
  const late = timing.lease?.kind === "guard" ? 2 * lateness(timing.lease) : LEASE_GUARD;
  const early = timing.deadtime - 2 * timing.keepalive - late;
  return milliseconds(Math.min(silenceLimit(timing), Math.max(early, 2 * timing.keepalive)));
}

/** How soon a status follows one that could not renew the leases, and how old our last word may be to count as new. */
export const soon = ({ keepalive }: Pick<LeaseTiming, "keepalive">): Millis =>
  milliseconds(Math.min(50, keepalive / 2));
