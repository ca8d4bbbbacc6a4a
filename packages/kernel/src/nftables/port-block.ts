/**
 * Ports that answer nobody for a while: packets to them are dropped, without an answer that would end connections.
 *
 * One table of our own with one set; what nobody blocks is no element of it. It comes before every other filter.
 */
import { errorCode } from "../kernel-error.js";
import type { Nft } from "./program.js";

export interface PortBlock {
  readonly protocol: "tcp" | "udp";
  readonly port: number;
}

export interface PortBlocks {
  block(ports: readonly PortBlock[]): Promise<void>;
  /** Answers likewise for ports that are not blocked. */
  unblock(ports: readonly PortBlock[]): Promise<void>;
  /** Those that are blocked. */
  list(): Promise<readonly PortBlock[]>;
}

const TABLE = "inet systole_portblock";

const LAYOUT = `add table ${TABLE}
add set ${TABLE} blocked { type inet_proto . inet_service; }
add chain ${TABLE} input { type filter hook input priority -300; policy accept; }
flush chain ${TABLE} input
add rule ${TABLE} input meta l4proto . th dport @blocked counter drop
`;

export function portBlocks(nft: Nft): PortBlocks {
  const elements = (ports: readonly PortBlock[]) =>
    ports.map(({ protocol, port }) => `${protocol} . ${port}`).join(", ");
  return {
    async block(ports) {
      const script = `${LAYOUT}add element ${TABLE} blocked { ${elements(ports)} }\n`;
      await nft("block ports", ["-f", "-"], script);
    },
    async unblock(ports) {
      // Adding first makes deleting sure: nft refuses to delete what is not there.
      const verbs = ["add", "delete"].map(
        (verb) => `${verb} element ${TABLE} blocked { ${elements(ports)} }\n`,
      );
      await nft("unblock ports", ["-f", "-"], `${LAYOUT}${verbs.join("")}`);
    },
    async list() {
      try {
        return blockedIn(await nft("list blocked ports", ["list", "set", ...TABLE.split(" "), "blocked"]));
      } catch (error) {
        if (errorCode(error) === "ENOENT") return []; // no table: nothing was ever blocked
        throw error;
      }
    },
  };
}

/** nft prints names for some ports unless told otherwise; by default it prints numbers. */
function blockedIn(text: string): readonly PortBlock[] {
  return [...text.matchAll(/\b(tcp|udp) \. (\d+)/g)].map(([, protocol, port]) => ({
    protocol: protocol === "tcp" ? "tcp" : "udp",
    port: Number(port),
  }));
}
