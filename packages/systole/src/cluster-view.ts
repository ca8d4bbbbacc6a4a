/** Nodes and VIPs for people: who is alive and how it is heard, who has which VIP. */
import { table } from "@systole/daemon";
import type { ClusterAnswer, ClusterStatus } from "./cluster.js";
import { clusterHealth } from "./health.js";

export function clusterView(answer: ClusterAnswer, bold: (text: string) => string): readonly string[] {
  if (answer.kind === "silent") return [bold("heartbeat: UNKNOWN"), `  ${answer.problem}`, ""];
  const { status } = answer;
  const health = clusterHealth(answer);
  const head = `heartbeat: ${status.node}, ${status.life}`;
  return [
    health === "ok" ? bold(head) : bold(`${head}  ${health.toUpperCase()}`),
    ...rows([...status.nodes.map((node) => nodeCells(status, node)), ...status.pings.map(pingCells)]),
    ...rows(ownedThings(status).map(([what, group]) => ownerCells(status, what, group))),
    ...rows(status.groups.flatMap(downCells)),
    "",
  ];
}

const rows = (cells: readonly (readonly string[])[]): readonly string[] =>
  cells.length === 0
    ? []
    : table(
        [],
        cells.map((row) => ["  ", ...row]),
      )
        .trimEnd()
        .split("\n");

function nodeCells({ node: own }: ClusterStatus, each: ClusterStatus["nodes"][number]): readonly string[] {
  const { node, state, silentMs, links, otherKey } = each;
  if (node === own) return ["node", node, state, "this node", ""];
  if (otherKey !== undefined) {
    const waits = otherKey === "waits" ? "this node waits" : "";
    return ["node", node, state === "dead" ? "DEAD" : state, "ANOTHER KEY: compare authkeys", waits];
  }
  const heard = silentMs === undefined ? "" : `heard ${silentMs} ms ago`;
  return ["node", node, state === "dead" ? "DEAD" : state, heard, links.join(" ")];
}

const pingCells = ({ node, state }: ClusterStatus["pings"][number]): readonly string[] => [
  ...["ping", node, state === "ping" ? "answers" : state === "dead" ? "DEAD" : state, "", ""],
];

/** Each VIP with its group, and groups without a VIP under their own name. */
const ownedThings = ({ vips, groups }: ClusterStatus): readonly (readonly [string, string])[] => [
  ...vips.map(({ address, group }) => [`vip ${address}`, group] as const),
  ...groups
    .filter(({ group }) => !vips.some((vip) => vip.group === group))
    .map(({ group }) => [`group ${group}`, group] as const),
];

/** What this node found down of what it has. */
const downCells = ({ group, down = [] }: ClusterStatus["groups"][number]): readonly (readonly string[])[] =>
  down.map((resource) => ["resource", resource, "DOWN", `of ${group}`]);

function ownerCells(status: ClusterStatus, what: string, key: string): readonly string[] {
  const { here = "none", owner, preferred = "" } = status.groups.find(({ group }) => group === key) ?? {};
  const [kind = "", name = ""] = what.split(/ (.*)/s);
  const who = owner === undefined ? "NOBODY" : owner;
  const moving = here === "starting" || here === "stopping" ? here : "";
  const lease =
    owner === status.node && kind === "vip" && status.lease !== undefined
      ? `lease ${status.lease.length / 1000} s`
      : "";
  return [kind, name, who, [moving, lease].filter(Boolean).join(", "), `prefers ${preferred}`];
}
