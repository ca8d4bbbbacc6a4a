/**
 * cl_status: what the running heartbeat knows, in the words and exit codes of the original.
 *
 * 0 yes, 1 no or not running, 11 wrong parameter, 12 no answer in time, 13 it cannot be known. Complaints are lines of
 * a log on stderr, as the original's. Source: specification of heartbeat, 8.3; test/interop/heartbeat-tools.test.ts.
 */
import { ControlError } from "@systole/daemon";
import { CL_STATUS_HELP } from "./cl-status-help.js";
import type { HeartbeatStatus } from "./commands.js";
import { type Member, memberNamed, membersOf } from "./members.js";
import { type ShortOptions, shortOptions } from "./short-options.js";

export const CL_STATUS_EXIT = { ok: 0, no: 1, badParameter: 11, timeout: 12, unknown: 13 } as const;
const EXIT = CL_STATUS_EXIT;

export interface ClStatusWorld {
  /** @throws ControlError `unreachable`, `time-limit`. */
  readonly status: () => Promise<HeartbeatStatus>;
  readonly parameter: (name: string) => Promise<unknown>;
  /** `online`, `offline`, `join`, `leave`; anything else: the node did not say in time. */
  readonly client: (node: string, client: string, limitMs: number) => Promise<unknown>;
  out(line: string): void;
  error(line: string): void;
  /** An error as a line of the log. */
  complain(text: string): void;
}

interface Question {
  readonly name: string;
  readonly options: ShortOptions;
  readonly human: boolean;
  readonly verbose: boolean;
  readonly words: readonly string[];
  readonly world: ClStatusWorld;
}

interface Subcommand {
  /** Its options, as getopt(3) has them. */
  readonly options: string;
  /** How many words it needs, and what the original says when there are fewer. */
  readonly needs?: readonly [count: number, complaint: string];
  readonly answer: (question: Question) => Promise<number>;
}

const SUBCOMMANDS: Readonly<Record<string, Subcommand>> = {
  hbstatus: { options: "mv", answer: hbStatus },
  listnodes: { options: "mnpv", answer: listNodes },
  nodestatus: { options: "m", needs: [1, "Not enough parameters."], answer: nodeStatus },
  nodetype: { options: "m", needs: [1, "No enough parameter."], answer: nodeType },
  nodeweight: { options: "m", needs: [1, "Not enough parameters."], answer: nodeWeight },
  nodesite: { options: "m", needs: [1, "Not enough parameters."], answer: nodeSite },
  listhblinks: { options: "mv", needs: [1, "No enough parameter."], answer: listLinks },
  hblinkstatus: { options: "m", needs: [2, "No enough parameter."], answer: linkStatus },
  clientstatus: { options: "m", needs: [2, "No enough parameter."], answer: clientStatus },
  rscstatus: { options: "m", answer: rscStatus },
  hbparameter: { options: "mp:", answer: hbParameter },
};

export async function clStatus(args: readonly string[], world: ClStatusWorld): Promise<number> {
  const [name, ...rest] = args;
  if (name === undefined || name === "-h" || name === "--help") {
    world.out(CL_STATUS_HELP.trimEnd());
    return EXIT.ok;
  }
  const subcommand = Object.hasOwn(SUBCOMMANDS, name) ? SUBCOMMANDS[name] : undefined;
  if (subcommand === undefined) {
    world.complain(`${name}: invalid sub-command.`);
    return EXIT.badParameter;
  }
  const options = shortOptions(rest, subcommand.options);
  const { flags, words } = options;
  const question = { name, options, words, world, human: flags.has("m"), verbose: flags.has("v") };
  try {
    return await ask(subcommand, question);
  } catch (error) {
    if (!(error instanceof ControlError)) throw error;
    world.complain("Cannot signon with heartbeat");
    world.complain(`REASON: ${error.message}`);
    return error.code === "time-limit" ? EXIT.timeout : EXIT.no;
  }
}

/** Whether heartbeat runs comes first: without it nobody looks at parameters. */
async function ask({ needs, answer }: Subcommand, question: Question): Promise<number> {
  const { name, options, words, world } = question;
  if (name !== "hbstatus") await world.status();
  if (options.problem !== undefined) {
    world.error(`${name}: ${options.problem}`);
    if (name !== "hbstatus") {
      world.complain("Error: getopt returned character ?.");
      return EXIT.badParameter;
    }
  }
  if (needs !== undefined && words.length < needs[0]) {
    world.error(needs[1]);
    return EXIT.badParameter;
  }
  return answer(question);
}

async function hbStatus(question: Question): Promise<number> {
  const { world, verbose } = question;
  let status: HeartbeatStatus;
  try {
    status = await world.status();
  } catch (error) {
    if (!(error instanceof ControlError) || error.code !== "unreachable") throw error;
    world.out("Heartbeat is stopped on this machine.");
    if (verbose) world.out("(hb_api_signon: Can't initiate connection to heartbeat)");
    return EXIT.no;
  }
  if (!verbose) {
    world.out("Heartbeat is running on this machine.");
    return EXIT.ok;
  }
  world.out(`version:\t${status.version}`);
  world.out('managed by:\t"haresources"');
  return list(membersOf(status), question);
}

/** The original lists them in reverse of the configuration. */
async function listNodes(question: Question): Promise<number> {
  const { world, options } = question;
  const members = membersOf(await world.status());
  const [normal, ping] = [options.flags.has("n"), options.flags.has("p")];
  if (question.human) world.out("The nodes are as follow:");
  const wanted = normal === ping ? members : members.filter(({ type }) => (type === "ping") === ping);
  return list(wanted, question);
}

function list(members: readonly Member[], { world, verbose }: Question): number {
  for (const { node, state, type, links } of members.toReversed()) {
    if (!verbose) world.out(node);
    else {
      world.out(`\n${node}\t${state}\t(nodetype: ${type})`);
      for (const link of links) world.out(`\t${link.name}\t${link.state}`);
    }
  }
  return EXIT.ok;
}

/** The member that is asked about; without one a complaint in the original's words. */
async function member(
  { words, world }: Question,
  complaint = "Error. May be due to incorrect node name",
): Promise<Member | undefined> {
  const found = memberNamed(await world.status(), words[0]!); // ask() has counted the words
  if (found === undefined) world.error(complaint);
  return found;
}

async function nodeStatus(question: Question): Promise<number> {
  const found = await member(question);
  if (found === undefined) return EXIT.badParameter;
  const { world, human, words } = question;
  world.out(human ? `The cluster node ${words[0]} is ${found.state}` : found.state);
  return found.state === "dead" || found.state === "init" ? EXIT.no : EXIT.ok;
}

async function nodeType(question: Question): Promise<number> {
  const found = await member(question);
  if (found === undefined) return EXIT.badParameter;
  const { world, human, words } = question;
  world.out(human ? `The node ${words[0]}'s type: ${found.type}` : found.type);
  return EXIT.ok;
}

async function nodeWeight(question: Question): Promise<number> {
  const found = await member(question, "Error. Maybe due to incorrect node name.");
  if (found === undefined) return EXIT.badParameter;
  const { world, human, words } = question;
  world.out(human ? `The weight of the cluster node ${words[0]} is ${found.weight}` : String(found.weight));
  return EXIT.ok;
}

async function nodeSite(question: Question): Promise<number> {
  const found = await member(question);
  if (found === undefined) return EXIT.badParameter;
  const { world, human, words } = question;
  world.out(human ? `The site of the cluster node ${words[0]} is ${found.site}` : found.site);
  return EXIT.ok;
}

async function listLinks({ words, world, human, verbose }: Question): Promise<number> {
  const found = memberNamed(await world.status(), words[0]!);
  if (found === undefined) return cannot(world, "start heartbeat link interface walk.", "EINVAL");
  if (human) world.out("\tthis node has the following heartbeat links:");
  for (const { name, state } of found.links) world.out(verbose ? `\t${name}\t${state}` : `\t${name}`);
  return EXIT.ok;
}

async function linkStatus({ words: [node = "", link], world, human }: Question): Promise<number> {
  const found = memberNamed(await world.status(), node)?.links.find(({ name }) => name === link);
  if (found === undefined) return cannot(world, "get heartbeat link status", "");
  world.out(human ? `The node ${node}'s heartbeat link ${link} is ${found.state}` : found.state);
  return found.state === "up" ? EXIT.ok : EXIT.no;
}

/** How long the original waits for another node's answer unless told otherwise. */
const CLIENT_LIMIT_MS = 100;
const CLIENT_STATES = ["online", "offline", "join", "leave"];

async function clientStatus({ words, world }: Question): Promise<number> {
  const [node = "", client = "", limit = ""] = words;
  const wanted = Number.parseInt(limit, 10);
  const state = await world.client(node, client, wanted > 0 ? wanted : CLIENT_LIMIT_MS);
  const index = CLIENT_STATES.indexOf(String(state));
  if (index === -1) return cannot(world, `get heartbeat client ${client}'s status`, "No timely response.");
  world.out(String(state)); // the original has no sentence for it
  return index;
}

async function rscStatus({ world, human }: Question): Promise<number> {
  const { holds } = await world.status();
  world.out(human ? `This node is holding ${holds} resources.` : holds);
  return EXIT.ok;
}

async function hbParameter({ options, world, human }: Question): Promise<number> {
  const name = options.values.get("p");
  if (name === undefined) {
    world.complain("parameter name required");
    return EXIT.badParameter;
  }
  const value = await world.parameter(name);
  if (typeof value !== "string") return cannot(world, `get parameter ${name}'s value`, "", EXIT.no);
  world.out(human ? `Heartbeat parameter ${name}'s value: ${value}` : value);
  return EXIT.ok;
}

function cannot(world: ClStatusWorld, what: string, reason: string, exit: number = EXIT.unknown): number {
  world.complain(`Cannot ${what}`);
  world.complain(`REASON: ${reason}`);
  return exit;
}
