/** The rules that choose a real server: shared by translation (table inet) and direct routing (table netdev). Pure. */
import { formatEndpoint } from "@systole/wire";
import type { Persistence } from "../balancer.js";
import { nftScheduling } from "../limitations.js";
import { familyOfService } from "../service-table.js";
import type { PlacedReal, PlacedService } from "./layout.js";
import { maglevSlots } from "./maglev.js";
import { weightedSlots } from "./slots.js";

/** Any number, the same on all directors: it decides which client a hash sends where. */
const SEED = 0x53797374;

/** `flag-2` of sh and mh: the client's port counts, too. */
const FLAG_PORT = 2;

/** The header of the service's family in nft's words. */
export const headerOf = ({ service }: PlacedService): "ip" | "ip6" =>
  familyOfService(service.id) === "inet" ? "ip" : "ip6";

/** The rule that sends a new connection to one of `reals`; none if no real server has a weight. */
export function choiceRule(
  placed: PlacedService,
  reals: readonly PlacedReal[],
  chain: (real: PlacedReal) => string,
): readonly string[] {
  const serving = reals.filter(({ real }) => real.weight > 0);
  if (serving.length === 0) return [];
  if (serving.length === 1) return [`goto ${chain(serving[0]!)}`];
  const { key, slots } = slotsOf(placed, serving);
  const elements = slots.map((index, slot) => `${slot} : goto ${chain(serving[index]!)}`);
  return [`${key} vmap { ${elements.join(", ")} }`];
}

function slotsOf(placed: PlacedService, serving: readonly PlacedReal[]) {
  const { scheduler, schedulerFlags } = placed.service;
  const weights = serving.map(({ real }) => (scheduler === "rr" ? 1 : real.weight));
  const source = `${headerOf(placed)} saddr${(schedulerFlags & FLAG_PORT) === 0 ? "" : " . th sport"}`;
  const hashed = (what: string, slots: readonly number[]) => ({
    key: `jhash ${what} mod ${slots.length} seed ${SEED}`,
    slots,
  });
  switch (nftScheduling(scheduler).as) {
    case "slots": {
      const slots = weightedSlots(weights);
      return { key: `numgen inc mod ${slots.length}`, slots };
    }
    case "source":
      return hashed(source, weightedSlots(weights));
    case "destination":
      return hashed(`${headerOf(placed)} daddr`, weightedSlots(weights));
    case "maglev":
      return hashed(
        source,
        maglevSlots(
          serving.map(({ real }) => ({ name: formatEndpoint(real.endpoint), weight: real.weight })),
        ),
      );
  }
}

/** `vmap { mark : goto chain, ... }`: by the mark of a real server to its chain; undefined for no real server. */
export function byMark(
  reals: readonly PlacedReal[],
  chain: (real: PlacedReal) => string,
): string | undefined {
  if (reals.length === 0) return undefined;
  return `vmap { ${reals.map((real) => `${markText(real.mark)} : goto ${chain(real)}`).join(", ")} }`;
}

export const markText = (mark: number): string => `0x${mark.toString(16)}`;

/** The client address as persistence sees it: `ip saddr & 255.255.255.0`. */
export function clientKey(placed: PlacedService, { prefixLength }: Persistence): string {
  const source = `${headerOf(placed)} saddr`;
  const isIpv4 = headerOf(placed) === "ip";
  if (prefixLength === (isIpv4 ? 32 : 128)) return source;
  return `${source} & ${isIpv4 ? ipv4Mask(prefixLength) : ipv6Mask(prefixLength)}`;
}

/** `255.255.240.0` for 20. */
function ipv4Mask(prefixLength: number): string {
  return [0, 8, 16, 24].map((from) => 256 - 2 ** (8 - clamp(prefixLength - from, 8))).join(".");
}

/** `ffff:fff0:0:0:0:0:0:0` for 28. */
function ipv6Mask(prefixLength: number): string {
  const groups = [0, 16, 32, 48, 64, 80, 96, 112];
  return groups.map((from) => (65536 - 2 ** (16 - clamp(prefixLength - from, 16))).toString(16)).join(":");
}

const clamp = (bits: number, most: number): number => Math.min(Math.max(bits, 0), most);
