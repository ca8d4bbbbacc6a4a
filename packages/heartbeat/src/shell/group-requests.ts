/**
 * req_resource and mach_down: what the original's scripts call when a group is to come here. With our heartbeat the
 * cluster decides that by itself; these tools say what it has decided, in the exit code and on stderr.
 * Source: specification of heartbeat, 7.6 and 8.6; exit codes of the running original.
 */
import type { HeartbeatStatus } from "./commands.js";

export interface GroupRequestWorld {
  /** Undefined when no heartbeat runs. */
  readonly status: () => Promise<HeartbeatStatus | undefined>;
  /** Asks the cluster for groups (hb_takeover). Answers with the reason; a refusal is an error. */
  readonly takeover: (set: "local" | "foreign") => Promise<unknown>;
  error(line: string): void;
  out(line: string): void;
}

/** `req_resource KEY`: 0 if the group is here or is coming. */
export async function reqResource(args: readonly string[], world: GroupRequestWorld): Promise<number> {
  const [key = ""] = args;
  if (key === "-h" || key === "--help") {
    world.out(
      "Usage: req_resource KEY\n\n  KEY     the first resource of a group in haresources\n  -h, --help  print this",
    );
    return 0;
  }
  const status = await world.status();
  if (status === undefined) return notRunning(world);
  const group = status.groups.find((one) => one.group === key);
  if (group === undefined) {
    world.error(`ERROR: no group of haresources begins with ${key}`);
    return 1;
  }
  if (group.here === "running" || group.here === "starting") return 0;
  if (group.owner !== undefined && group.preferred !== status.node) {
    world.error(`ERROR: ${key} prefers ${group.preferred} and is on ${group.owner}: use hb_takeover`);
    return 1;
  }
  await world.takeover(group.preferred === status.node ? "local" : "foreign");
  return 0;
}

/** `mach_down NODE`: its groups are here, or will be as soon as the cluster calls it dead. */
export async function machDown(args: readonly string[], world: GroupRequestWorld): Promise<number> {
  const [name = ""] = args;
  if (name === "-h" || name === "--help") {
    world.out(
      "Usage: mach_down NODE\n\n  NODE    a node of the cluster that is dead\n  -h, --help  print this",
    );
    return 0;
  }
  const status = await world.status();
  if (status === undefined) return notRunning(world);
  const node = name.toLowerCase();
  const member = status.nodes.find((one) => one.node === node);
  if (member !== undefined && node !== status.node && member.state !== "dead") {
    world.error(`ERROR: ${node} is ${member.state}, its groups are not to be taken from it: use hb_takeover`);
    return 1;
  }
  if (node === status.node) {
    world.error(`ERROR: ${node} is this node`);
    return 1;
  }
  if (name !== "") world.error(`info: mach_down takeover complete for node ${name}.`);
  return 0;
}

function notRunning({ error }: GroupRequestWorld): number {
  error("ERROR: heartbeat does not run on this machine");
  return 1;
}
