/**
 * What every kernel must do, the fake one as the real one.
 *
 * Free of any test framework: each case has a name and throws an AssertionError if the kernel fails it. The fake runs
 * them as unit tests, nftables in a network namespace, ip_vs in a guest. A case leaves nothing behind.
 */
import { addressCases } from "./contract/addresses.js";
import { balancerCases } from "./contract/balancer.js";
import type { ContractCase } from "./contract/case.js";
import { conntrackCases } from "./contract/conntrack.js";
import { leaseGuardCases } from "./contract/lease-guard.js";
import { linkCases } from "./contract/links.js";

export type { ContractCase, Place } from "./contract/case.js";

export const contractCases: readonly ContractCase[] = [
  ...addressCases,
  ...linkCases,
  ...leaseGuardCases,
  ...balancerCases,
  ...conntrackCases,
];
