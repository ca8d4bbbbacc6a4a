/**
 * What the daemons ask of a director, in the field's words.
 *
 * The real one is `linux.ts`, the one for tests and the simulation is `fake.ts`; both pass `contract.ts`.
 */
import type { Addresses } from "./addresses.js";
import type { Announcer } from "./announcer.js";
import type { Balancer } from "./balancer.js";
import type { Conntrack } from "./conntrack.js";
import type { LeaseGuard } from "./lease-guard.js";
import type { Links } from "./links.js";

export interface Kernel {
  readonly addresses: Addresses;
  readonly links: Links;
  readonly announcer: Announcer;
  readonly leaseGuard: LeaseGuard;
  readonly balancer: Balancer;
  readonly conntrack: Conntrack;
  /** Closes every socket. What is in the kernel stays there. */
  close(): Promise<void>;
}
