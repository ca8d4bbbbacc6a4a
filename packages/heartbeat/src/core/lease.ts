/**
 * When our own word is void.
 *
 * A node that was silent for one lease may have been called dead; the kernel has removed its VIPs by then (they live no
 * longer than the lease after the last renewal). So it starts over as a stranger: a new generation, and nothing that it
 * heard before counts.
 *
 * lease = deadtime - keepalive - 0.5 s, whole seconds, because a kernel counts lifetimes of addresses in seconds and
 * ends them up to 0.4 s late. docs/architecture.md, "The VIP lease".
 */
import { type Millis, milliseconds, seconds } from "@systole/machine";

interface LeaseTiming {
  readonly keepalive: Millis;
  readonly deadtime: Millis;
}

/** How late a kernel may end a lifetime, and a heartbeat may arrive. */
export const LEASE_GUARD = milliseconds(500);

/** The lease that these times allow; undefined if it would be under 1 s or under two keepalives. */
export function leaseFor({ keepalive, deadtime }: LeaseTiming): Millis | undefined {
  const lease = seconds(Math.floor((deadtime - keepalive - LEASE_GUARD) / 1000));
  return lease < 1000 || lease < 2 * keepalive ? undefined : lease;
}

/** Whoever has been silent for this long starts over: the lease, or what it would be without whole seconds. */
export function silenceLimit(timing: LeaseTiming & { readonly lease: Millis | undefined }): Millis {
  return timing.lease ?? milliseconds(Math.max(timing.keepalive * 1.5, timing.deadtime - timing.keepalive));
}

/**
 * A live peer that acknowledges only heartbeats of ours older than this does not hear us any more. Less than the lease,
 * so that we let go before it takes over.
 */
export function deafLimit(timing: LeaseTiming & { readonly lease: Millis | undefined }): Millis {
  const early = timing.deadtime - 2 * timing.keepalive - LEASE_GUARD;
  return milliseconds(Math.min(silenceLimit(timing), Math.max(early, 2 * timing.keepalive)));
}
