/**
 * What a former process of ours left behind, settled before we say a word.
 *
 * Back inside the lease: VIPs that are still in the kernel are kept, and their groups are ours without a gap. Later, or
 * without a lease: the peer may own them, so every VIP of ours goes at once and the rest of its group is stopped.
 */
import type { Addresses } from "@systole/kernel";
import { errorCode } from "@systole/kernel";
import { type Clock, seconds } from "@systole/machine";
import type { IpAddress } from "@systole/wire";
import type { Lease } from "../core/lease.js";
import { parseIpSpec } from "../resources/ip-spec.js";
import { problemOf, type ResourceSpec } from "../resources/resource.js";
import type { Runner, RunnerGroup } from "../resources/runner.js";
import { withLimit } from "../resources/time-limit.js";
import type { LastWord } from "./last-word.js";

export interface AdoptionDependencies {
  readonly clock: Clock;
  readonly addresses: Addresses;
  readonly runner: Runner;
  readonly log: (line: string) => void;
}

/** The time that is left must do for everything until our first status: at most so much. */
const LONGEST_MARGIN_MS = 500;
/** The VIPs are gone by then; what is left of the group must not keep this node out of the cluster. */
const STOP_LIMIT = seconds(15);

/** @returns the keys of the groups that are kept. */
export async function settlePast(
  groups: readonly RunnerGroup[],
  lastWord: LastWord | undefined,
  lease: Lease | undefined,
  { clock, addresses, runner, log }: AdoptionDependencies,
): Promise<readonly string[]> {
  const present = new Set((await addresses.list()).map(({ address }) => address));
  const length = lastWord?.handedOn?.lease ?? lease?.length;
  const insideLease =
    lastWord !== undefined &&
    length !== undefined &&
    lastWord.silence < length - Math.min(LONGEST_MARGIN_MS, length / 2);
  const adopted: string[] = [];
  for (const group of groups) {
    const vips = vipsOf(group.resources);
    const held = lastWord?.groups.includes(group.key) === true;
    if (insideLease && held && vips.length > 0 && vips.every((vip) => present.has(vip))) {
      log(`${group.key}: kept, we are back ${Math.round(lastWord.silence)} ms after our last word`);
      adopted.push(group.key);
      continue;
    }
    if (vips.some((vip) => present.has(vip)) || held) {
      log(`${group.key}: a former process left it behind, it is stopped`);
      await dropVips(vips, addresses);
      await withLimit(clock, STOP_LIMIT, `stopping ${group.key}`, () => runner.stop(group)).catch((error) =>
        log(problemOf(error)),
      );
    }
  }
  return adopted;
}

/** The addresses of the built-in address resources. */
export function vipsOf(resources: readonly ResourceSpec[]): readonly IpAddress[] {
  return resources
    .filter(({ script }) => script === "IPaddr" || script === "IPaddr2" || script === "IPv6addr")
    .map(({ args }) => parseIpSpec(args.join("::")).address);
}

async function dropVips(vips: readonly IpAddress[], addresses: Addresses): Promise<void> {
  for (const held of await addresses.list()) {
    if (!vips.includes(held.address) || held.device === "lo") continue;
    try {
      await addresses.drop(held);
    } catch (error) {
      if (errorCode(error) !== "EADDRNOTAVAIL") throw error; // its lease may just have ended
    }
  }
}
