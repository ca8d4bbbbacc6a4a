/**
 * cl_status: what the running heartbeat knows, in the words and exit codes of the original.
 *
 * 0 yes, 1 no or not running, 11 wrong parameter, 12 no answer in time. Source: specification of heartbeat, 8.3.
 */
import { ControlError } from "@systole/daemon";
import type { NodeView } from "../core/view.js";
import type { HeartbeatStatus } from "./commands.js";

const EXIT = { ok: 0, no: 1, badParameter: 11, timeout: 12, unknown: 13 } as const;

export interface ClStatusWorld {
  /** @throws ControlError `unreachable`, `time-limit`. */
  readonly status: () => Promise<HeartbeatStatus>;
  readonly parameter: (name: string) => Promise<unknown>;
  out(line: string): void;
  error(line: string): void;
}

const HELP = `Usage: cl_status <command> [-m] [-v] [argument]

  hbstatus               is heartbeat running on this machine?
  listnodes              the nodes of the cluster
  nodestatus NODE        active, up, init or dead
  nodetype NODE          normal
  listhblinks NODE       the links to a node that are up
  hblinkstatus NODE LINK up or dead
  rscstatus              none, local, foreign, all or transition
  hbparameter -p NAME    a parameter of ha.cf

  -m  a sentence for people      -v  more      -h, --help  this, in the place of the command
`;

interface Arguments {
  readonly human: boolean;
  readonly verbose: boolean;
  readonly words: readonly string[];
}

export async function clStatus(args: readonly string[], world: ClStatusWorld): Promise<number> {
  const [command, ...rest] = args;
  if (command === undefined || command === "-h" || command === "--help") {
    world.out(HELP.trimEnd());
    return EXIT.ok;
  }
  const flags = new Set(rest.filter((word) => word.startsWith("-")));
  const words = rest.filter((word) => !word.startsWith("-"));
  const given: Arguments = { human: flags.has("-m"), verbose: flags.has("-v"), words };
  try {
    return await answer(command, given, world);
  } catch (error) {
    if (!(error instanceof ControlError)) throw error;
    if (command === "hbstatus" && error.code === "unreachable") {
      world.out("Heartbeat is stopped on this machine.");
      return EXIT.no;
    }
    world.error("ERROR: Cannot signon with heartbeat");
    world.error(`REASON: ${error.message}`);
    return error.code === "time-limit" ? EXIT.timeout : EXIT.no;
  }
}

async function answer(command: string, given: Arguments, world: ClStatusWorld): Promise<number> {
  switch (command) {
    case "hbstatus":
      return hbStatus(await world.status(), given, world);
    case "listnodes":
      return listNodes(await world.status(), given, world);
    case "nodestatus":
    case "nodetype":
    case "listhblinks":
    case "hblinkstatus":
      return ofNode(command, await world.status(), given, world);
    case "rscstatus":
      return rscStatus(await world.status(), given, world);
    case "hbparameter":
      return hbParameter(given, world);
    default:
      world.error(`ERROR: unknown command [${command}]`);
      return EXIT.badParameter;
  }
}

function hbStatus(status: HeartbeatStatus, given: Arguments, world: ClStatusWorld): number {
  world.out("Heartbeat is running on this machine.");
  if (!given.verbose) return EXIT.ok;
  world.out(`version:\t${status.version}`);
  world.out('managed by:\t"haresources"');
  return listNodes(status, given, world);
}

/** The original lists them in reverse of the configuration. */
function listNodes({ nodes }: HeartbeatStatus, given: Arguments, { out }: ClStatusWorld): number {
  for (const { node, state, links } of nodes.toReversed()) {
    if (!given.verbose) out(node);
    else {
      out(`\n${node}\t${state}\t(nodetype: normal)`);
      for (const link of links) out(`\t${link}\tup`);
    }
  }
  return EXIT.ok;
}

function ofNode(
  command: "nodestatus" | "nodetype" | "listhblinks" | "hblinkstatus",
  status: HeartbeatStatus,
  given: Arguments,
  world: ClStatusWorld,
): number {
  const [name, link] = given.words;
  const found = status.nodes.find(({ node }) => node === name?.toLowerCase());
  if (name === undefined || found === undefined) {
    world.error(name === undefined ? "ERROR: name a node" : `ERROR: unknown node [${name}]`);
    return EXIT.badParameter;
  }
  switch (command) {
    case "nodestatus":
      return nodeStatus(found, given, world);
    case "nodetype":
      world.out(given.human ? `The node type of node ${name} is normal` : "normal");
      return EXIT.ok;
    case "listhblinks":
      for (const one of linksOf(status, found))
        world.out(given.verbose ? `\t${one}\t${stateOf(found, one)}` : `\t${one}`);
      return EXIT.ok;
    case "hblinkstatus":
      return linkStatus(status, found, link, world);
  }
}

function nodeStatus({ node, state }: NodeView, { human }: Arguments, { out }: ClStatusWorld): number {
  out(human ? `The cluster node ${node} is ${state}.` : state);
  return state === "active" || state === "up" ? EXIT.ok : EXIT.no;
}

function linkStatus(
  status: HeartbeatStatus,
  found: NodeView,
  link: string | undefined,
  world: ClStatusWorld,
): number {
  if (link === undefined || !linksOf(status, found).includes(link)) {
    world.error(`ERROR: no link [${link ?? ""}] to node ${found.node}`);
    return link === undefined ? EXIT.badParameter : EXIT.unknown;
  }
  const state = stateOf(found, link);
  world.out(state);
  return state === "up" ? EXIT.ok : EXIT.no;
}

/** One link per device of a medium: up while the node is heard there. */
const linksOf = ({ media }: HeartbeatStatus, { links }: NodeView): readonly string[] => [
  ...new Set([...media.map(({ device }) => device), ...links]),
];
const stateOf = ({ links }: NodeView, link: string): "up" | "dead" => (links.includes(link) ? "up" : "dead");

function rscStatus({ holds }: HeartbeatStatus, { human }: Arguments, { out }: ClStatusWorld): number {
  out(human ? `This node is holding ${holds} resources.` : holds);
  return EXIT.ok;
}

async function hbParameter({ words: [name] }: Arguments, world: ClStatusWorld): Promise<number> {
  if (name === undefined) {
    world.error("ERROR: name a parameter: -p NAME");
    return EXIT.badParameter;
  }
  const value = await world.parameter(name);
  if (typeof value !== "string") return EXIT.no;
  world.out(value);
  return EXIT.ok;
}
