/**
 * What lets a VIP live only as long as it is renewed.
 *
 *   address: the address itself has a lifetime, in whole seconds, and the kernel removes it;
 *   guard:   the kernel silences it after milliseconds (nftables); the address follows by its own lifetime.
 *
 * With the guard, all VIPs are renewed in one transaction. Rules that somebody flushed are put back.
 */
import { errorCode, type Kernel } from "@systole/kernel";
import { type Clock, type Instant, type Millis, plus, seconds } from "@systole/machine";
import type { IpAddress } from "@systole/wire";
import type { Lease } from "../core/lease.js";
import { problemOf } from "./resource.js";

export interface VipLease {
  /** Whole seconds that a VIP put up now shall live unless renewed; undefined for ever. */
  addressSeconds(): number | undefined;
  /** Is the lifetime of an address that was last renewed then to be renewed? */
  isDue(renewedAt: Instant): boolean;
  /** The VIP may answer for one lease from now; sent before it returns, or at the end of `together`. */
  grant(vip: IpAddress): void;
  /** It answers nobody from now on. */
  silence(vip: IpAddress): void;
  /** It is off this director. */
  release(vip: IpAddress): void;
  /** From now on what is granted lasts so long: this process is about to end on purpose. */
  extend(longer: Lease): void;
  /** What `run` grants is sent at once, as one. */
  together(run: () => void): void;
}

export interface VipLeaseDependencies {
  readonly clock: Clock;
  readonly guard: Kernel["leaseGuard"];
  /** The present one; undefined when it is off. */
  readonly lease: () => Lease | undefined;
  readonly warn: (problem: string) => void;
}

/** Of an address behind the guard: only for tidiness, so rarely renewed. */
const GUARDED_SECONDS = 2;
const GUARDED_RENEWAL = seconds(0.5);

export function createVipLease({ clock, guard, lease, warn }: VipLeaseDependencies): VipLease {
  let collected: IpAddress[] | undefined;
  let arming = false;
  let toldProblem: string | undefined;
  let longer: Lease | undefined;

  const guarded = (): Millis | undefined => {
    const present = longer ?? lease();
    return present?.kind === "guard" ? present.length : undefined;
  };

  function failed(error: unknown): void {
    if (errorCode(error) === "ENOENT") return restore();
    const problem = `the VIP lease cannot be renewed: ${problemOf(error)}`;
    if (problem !== toldProblem) warn(problem);
    toldProblem = problem;
  }

  /** The next renewal guards the VIPs again. */
  function restore(): void {
    if (arming) return;
    arming = true;
    warn("somebody removed the rules of the VIP lease from nftables: they are put back");
    guard
      .arm()
      .catch((error: unknown) => warn(`the rules of the VIP lease cannot be put back: ${problemOf(error)}`))
      .finally(() => {
        arming = false;
      });
  }

  function send(vips: readonly IpAddress[]): void {
    const length = guarded();
    if (vips.length === 0 || length === undefined || arming) return;
    guard.grant(vips, length).then(() => {
      toldProblem = undefined;
    }, failed);
  }

  return {
    addressSeconds() {
      const present = longer ?? lease();
      if (present === undefined) return undefined;
      if (longer !== undefined) return Math.ceil(longer.length / 1000);
      return present.kind === "guard" ? GUARDED_SECONDS : present.length / 1000;
    },
    isDue: (renewedAt) =>
      guarded() === undefined || longer !== undefined || clock.now() >= plus(renewedAt, GUARDED_RENEWAL),
    grant(vip) {
      if (collected === undefined) send([vip]);
      else collected.push(vip);
    },
    silence(vip) {
      if (guarded() !== undefined && !arming) guard.silence([vip]).catch(failed);
    },
    release(vip) {
      if (guarded() !== undefined && !arming) guard.release([vip]).catch(failed);
    },
    extend(wanted) {
      longer = wanted;
    },
    together(run) {
      const all: IpAddress[] = [];
      collected = all;
      try {
        run();
      } finally {
        collected = undefined;
      }
      send(all);
    },
  };
}
