/**
 * ResourceManager: the groups of haresources by key, for scripts and for the hands of administrators.
 *
 * Of a running heartbeat the cluster decides who has a group: `takegroup` and `givegroup` then do only what is so
 * already, and say which tool asks for a change. Without one they start and stop here, as the original does.
 * Source: specification of heartbeat, section 4.4; verbs and exit codes of the running original.
 */
import type { Haresources, ResourceGroup } from "../config/haresources.js";
import type { ResourceSpec } from "../resources/resource.js";

export interface ResourceManagerWorld {
  /** `HA_CURHOST`, or this node. */
  readonly node: string;
  /** Undefined if the file has mistakes; they were told. */
  readonly groups: () => Haresources | undefined;
  readonly runs: (resource: ResourceSpec) => Promise<boolean>;
  /** Starts or stops it here. Answers with what failed, undefined if nothing did. */
  readonly move: (group: ResourceGroup, action: "take" | "give") => Promise<string | undefined>;
  /** Does a running heartbeat have the group here? Undefined when none runs. */
  readonly held: (key: string) => Promise<boolean | undefined>;
  out(line: string): void;
  error(line: string): void;
}

const USAGE =
  "usage: ResourceManager listkeys machine | takegroup key | givegroup key | status resource\n" +
  "       ResourceManager allkeys | ourkeys | otherkeys | statgroup key | verifyallidle\n" +
  "       ResourceManager -h | --help";

const EXIT = { ok: 0, failed: 1, usage: 1, notOwned: 3 } as const;
/** As many as fit into an exit status. */
const MOST_ACTIVE = 255;

export async function resourceManager(args: readonly string[], world: ResourceManagerWorld): Promise<number> {
  const [verb, argument = ""] = args;
  if (verb === "-h" || verb === "--help") {
    world.out(USAGE);
    return EXIT.ok;
  }
  switch (verb) {
    case "listkeys":
      return listKeys(world, nodePattern(argument));
    case "allkeys":
      return listKeys(world, () => true);
    case "ourkeys":
      return listWhole(world, (preferred) => preferred === world.node.toLowerCase());
    case "otherkeys":
      return listWhole(world, (preferred) => preferred !== world.node.toLowerCase());
    case "status":
      return (await isActive(world, specOf(argument))) ? EXIT.ok : EXIT.notOwned;
    case "statgroup":
      return statGroup(world, argument);
    case "takegroup":
      return move(world, argument, "take");
    case "givegroup":
      return move(world, argument, "give");
    case "verifyallidle":
      return verifyAllIdle(world);
    default:
      world.error(USAGE);
      return EXIT.usage;
  }
}

/** A regular expression that must match the whole name, whatever its case; a bad one matches nothing. */
function nodePattern(text: string): (node: string) => boolean {
  try {
    const pattern = new RegExp(`^(?:${text})$`, "i");
    return (node) => pattern.test(node);
  } catch {
    return () => false;
  }
}

function listKeys({ groups, out }: ResourceManagerWorld, wanted: (node: string) => boolean): number {
  for (const { key, preferred } of groups() ?? []) if (wanted(preferred)) out(key);
  return EXIT.ok;
}

function listWhole({ groups, out }: ResourceManagerWorld, wanted: (node: string) => boolean): number {
  for (const { preferred, resources } of groups() ?? [])
    if (wanted(preferred)) out(resources.map(({ text }) => `${text} `).join(""));
  return EXIT.ok;
}

/** What cannot be asked does not run. */
async function isActive({ runs, error }: ResourceManagerWorld, resource: ResourceSpec): Promise<boolean> {
  try {
    return await runs(resource);
  } catch (problem) {
    error(`ERROR: ${problem instanceof Error ? problem.message : String(problem)}`);
    return false;
  }
}

/** A word of haresources. */
export function specOf(text: string): ResourceSpec {
  if (/^[0-9].*\.[0-9].*\.[0-9].*\.[0-9]/.test(text)) return { text, script: "IPaddr", args: [text] };
  const [script = "", ...args] = text.split("::");
  return { text, script, args };
}

async function statGroup(world: ResourceManagerWorld, key: string): Promise<number> {
  const group = world.groups()?.find((one) => one.key === key);
  let active = 0;
  for (const resource of group?.resources ?? []) if (await isActive(world, resource)) active++;
  const all = group?.resources.length ?? 0;
  world.error(active === 0 ? "NONE" : active === all ? "ALL" : "SOME");
  return EXIT.ok;
}

/** A key that is in no line means nothing, as in the original. */
async function move(world: ResourceManagerWorld, key: string, action: "take" | "give"): Promise<number> {
  const group = world.groups()?.find((one) => one.key === key);
  if (group === undefined) return EXIT.ok;
  const held = await world.held(key);
  if (held === (action === "take")) return EXIT.ok;
  if (held !== undefined) {
    const tool = action === "take" ? "hb_takeover" : "hb_standby";
    world.error(`ERROR: heartbeat runs, and with it the cluster decides who has ${key}: use ${tool}`);
    return EXIT.failed;
  }
  const problem = await world.move(group, action);
  if (problem === undefined) return EXIT.ok;
  world.error(`ERROR: ${problem}`);
  return EXIT.failed;
}

/** Of each group its first resource, which is its key. */
async function verifyAllIdle(world: ResourceManagerWorld): Promise<number> {
  let active = 0;
  for (const { key } of world.groups() ?? []) {
    if (!(await isActive(world, specOf(key)))) continue;
    active++;
    world.error(`CRITICAL: Resource ${key} is active, and should not be!`);
    world.error("CRITICAL: Non-idle resources can affect data integrity!");
  }
  if (active > 0) world.error("CRITICAL: Non-idle resources will affect resource takeback!");
  return Math.min(active, MOST_ACTIVE);
}
