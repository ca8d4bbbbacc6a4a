/**
 * The lease guard in nftables: rules and sets by `nft`, once; the sets' elements over netlink, with every heartbeat.
 *
 *   a packet for a guarded VIP, an ARP request for it, and whatever this host says with it as the source
 *   is dropped unless the VIP is an element of `lease`, which the kernel removes when its time is over.
 *
 * Answers to neighbour solicitations have the VIP as their source, so IPv6 needs no rule of its own. Announcements
 * of ours leave through a packet socket, past these rules. An element that exists keeps its time when it is added
 * again: so each renewal removes it and adds it anew, within one transaction, and adds it before, in case it is gone.
 * Measured on Linux 6.18: docs/architecture.md, "The VIP lease".
 */
import {
  type AddressSet,
  addElements,
  type NetlinkConnection,
  type NetlinkRequest,
  nftablesTransaction,
  removeElements,
} from "@systole/node-netlink";
import { type IpAddress, isIpv4, isIpv6 } from "@systole/wire";
import { kernelError } from "../kernel-error.js";
import type { LeaseGuard } from "../lease-guard.js";
import type { Nft } from "../nftables/program.js";

const TABLE = "systole_lease";

/** Before connection tracking and every other rule. */
const RULES = `
table inet ${TABLE}
delete table inet ${TABLE}
table inet ${TABLE} {
  set vips4 { type ipv4_addr; }
  set lease4 { type ipv4_addr; flags timeout; }
  set vips6 { type ipv6_addr; }
  set lease6 { type ipv6_addr; flags timeout; }
  chain in {
    type filter hook prerouting priority -450; policy accept;
    ip daddr @vips4 ip daddr != @lease4 counter drop
    ip6 daddr @vips6 ip6 daddr != @lease6 counter drop
  }
  chain out {
    type filter hook output priority -450; policy accept;
    ip saddr @vips4 ip saddr != @lease4 counter drop
    ip6 saddr @vips6 ip6 saddr != @lease6 counter drop
  }
}
table arp ${TABLE}
delete table arp ${TABLE}
table arp ${TABLE} {
  set vips4 { type ipv4_addr; }
  set lease4 { type ipv4_addr; flags timeout; }
  chain in {
    type filter hook input priority 0; policy accept;
    arp daddr ip @vips4 arp daddr ip != @lease4 counter drop
  }
  chain out {
    type filter hook output priority 0; policy accept;
    arp saddr ip @vips4 arp saddr ip != @lease4 counter drop
  }
}
`;

/** The sets of one family of addresses, in each table that has them. */
interface Sets {
  readonly vips: readonly AddressSet[];
  readonly lease: readonly AddressSet[];
}

const setsOf = (version: "4" | "6", families: readonly AddressSet["family"][]): Sets => ({
  vips: families.map((family) => ({ family, table: TABLE, name: `vips${version}` })),
  lease: families.map((family) => ({ family, table: TABLE, name: `lease${version}` })),
});

const IPV4 = setsOf("4", ["inet", "arp"]);
const IPV6 = setsOf("6", ["inet"]);

export function nftablesLeaseGuard(netfilter: NetlinkConnection, nft: Nft): LeaseGuard {
  async function transact(operation: string, requests: readonly NetlinkRequest[]): Promise<void> {
    try {
      await netfilter.transact(requests, nftablesTransaction);
    } catch (error) {
      throw kernelError(operation, error);
    }
  }

  return {
    async arm() {
      await nft("arm the VIP lease", ["-f", "-"], RULES);
    },
    grant: (vips, lifetimeMs) =>
      transact(
        `let ${vips.join(", ")} answer for ${lifetimeMs} ms`,
        forEachFamily(vips, (own, { vips: guarded, lease }) => [
          ...guarded.map((set) => addElements(set, own)),
          ...lease.flatMap((set) => [...gone(set, own), addElements(set, own, lifetimeMs)]),
        ]),
      ),
    silence: (vips) =>
      transact(
        `silence ${vips.join(", ")}`,
        forEachFamily(vips, (own, { lease }) => lease.flatMap((set) => gone(set, own))),
      ),
    release: (vips) =>
      transact(
        `release ${vips.join(", ")} from the lease`,
        forEachFamily(vips, (own, { vips: guarded, lease }) =>
          [...guarded, ...lease].flatMap((set) => gone(set, own)),
        ),
      ),
    async disarm() {
      const rules = ["inet", "arp"].map(
        (family) => `table ${family} ${TABLE}\ndelete table ${family} ${TABLE}\n`,
      );
      await nft("disarm the VIP lease", ["-f", "-"], rules.join(""));
    },
  };
}

/** Removes what may be there or not. */
const gone = (set: AddressSet, vips: readonly IpAddress[]): readonly NetlinkRequest[] => [
  addElements(set, vips),
  removeElements(set, vips),
];

function forEachFamily(
  vips: readonly IpAddress[],
  requests: (own: readonly IpAddress[], sets: Sets) => readonly NetlinkRequest[],
): readonly NetlinkRequest[] {
  const families = [
    { own: vips.filter(isIpv4), sets: IPV4 },
    { own: vips.filter(isIpv6), sets: IPV6 },
  ];
  return families.flatMap(({ own, sets }) => (own.length === 0 ? [] : requests(own, sets)));
}
