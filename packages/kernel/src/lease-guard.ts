/** The lease of VIPs in milliseconds: whoever stops renewing it is silenced by the kernel. */
import type { IpAddress } from "@systole/wire";

/**
 * A guarded VIP answers, and speaks, only while its lease lasts; the address itself stays up. For deadtimes that are
 * too short for the whole seconds of an address's own lifetime.
 */
export interface LeaseGuard {
  /**
   * Puts the rules into the kernel, without any VIP; what a former process left there goes. Ask for it again when a
   * renewal says `ENOENT`: somebody has flushed the ruleset.
   *
   * @throws KernelError `ENOENT` if nft is not installed, `EOPNOTSUPP` if the kernel has no nftables.
   */
  arm(): Promise<void>;
  /**
   * Guards these VIPs and lets them answer for so long from now, whatever they were allowed before. The request has
   * left this process when the call returns; all of it is done or nothing.
   *
   * @throws KernelError `ENOENT` if the rules are gone: these VIPs are not guarded.
   */
  grant(vips: readonly IpAddress[], lifetimeMs: number): Promise<void>;
  /** These VIPs answer nobody from now on. The request has left this process when the call returns. */
  silence(vips: readonly IpAddress[]): Promise<void>;
  /** They are not guarded any more: the addresses are off this director, or are somebody else's business. */
  release(vips: readonly IpAddress[]): Promise<void>;
  /** Takes the rules out of the kernel. */
  disarm(): Promise<void>;
}
