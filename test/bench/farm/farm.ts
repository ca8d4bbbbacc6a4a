/** Thousands of real servers behind one network card, any of which can be made to refuse or to be silent. */
import { closeSync, openSync, readFileSync, writeSync } from "node:fs";
import type { LabNode } from "../../lab/node.js";

export interface Farm {
  readonly reals: readonly string[];
  /** Connections answered so far. */
  answered(): number;
  /** Gaps are counted anew, those included that began before. */
  forgetGaps(): void;
  /** Milliseconds: the longest that one of them, or nobody at all, was not asked since then; until now, too. */
  longestWithout(reals?: readonly string[]): number;
  /** `refuse`: TCP resets. `silent`: nothing comes back. */
  make(what: "refuse" | "silent", reals: readonly string[]): Promise<void>;
  heal(reals: readonly string[]): Promise<void>;
}

/** As farm.c writes it: how many, then for each address when it was asked last, then the longest gap; microseconds. */
const COUNTER = "/run/farm.count";
const ADDRESSES = 65_536;
const LAST = 1;
const LONGEST = LAST + ADDRESSES;
/** No real server has the address 10.9.0.0: its place is anybody's. */
const ANYBODY = "10.9.0.0";

function longestGapMs(counters: Buffer, reals: readonly string[]): number {
  const at = (index: number) => Number(counters.readBigUInt64LE(index * 8));
  const now = Number(process.hrtime.bigint() / 1000n); // the same clock: CLOCK_MONOTONIC
  const gaps = reals.map((real) => {
    const [, , high = "", low = ""] = real.split(".");
    const index = Number(high) * 256 + Number(low);
    return Math.max(at(LONGEST + index), now - at(LAST + index));
  });
  return Math.max(...gaps) / 1000;
}

const RULES = `table ip farm {
  set refuse { type ipv4_addr; }
  set silent { type ipv4_addr; }
  chain input {
    type filter hook input priority 0;
    ip daddr @silent drop
    ip daddr @refuse tcp dport 80 reject with tcp reset
  }
}`;

/** @param program the compiled farm.c */
export async function makeFarm(
  node: LabNode,
  director: LabNode,
  count: number,
  program: string,
): Promise<Farm> {
  const reals = Array.from({ length: count }, (_, index) => `10.9.${(index + 1) >> 8}.${(index + 1) & 255}`);
  await node.sh(
    "ip route add local 10.9.0.0/16 dev lo && sysctl -qw net.ipv4.tcp_max_syn_backlog=65535 net.core.somaxconn=65535",
  );
  await director.run(["ip", "route", "add", "10.9.0.0/16", "via", node.ipv4("lan")]);
  // A shell line: the rules come by standard input.
  node.put("/etc/farm.nft", RULES);
  await node.run(["nft", "-f", "/etc/farm.nft"]);
  await node.daemon("farm", [program, "80", COUNTER]);
  const elements = (verb: string, set: string, list: readonly string[]) =>
    list.length === 0
      ? Promise.resolve(undefined)
      : node.run(["nft", verb, "element", "ip", "farm", set, `{ ${list.join(", ")} }`], {
          check: verb === "add",
        });
  return {
    reals,
    answered: () => Number(readFileSync(node.path(COUNTER)).readBigUInt64LE()),
    forgetGaps() {
      const file = openSync(node.path(COUNTER), "r+");
      writeSync(file, Buffer.alloc(ADDRESSES * 8), 0, ADDRESSES * 8, LONGEST * 8);
      closeSync(file);
    },
    longestWithout: (list = [ANYBODY]) => longestGapMs(readFileSync(node.path(COUNTER)), list),
    async make(what, list) {
      await elements("add", what, list);
    },
    async heal(list) {
      for (const real of list) for (const set of ["refuse", "silent"]) await elements("delete", set, [real]);
    },
  };
}
