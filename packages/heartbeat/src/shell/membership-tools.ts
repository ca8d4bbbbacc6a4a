/**
 * hb_addnode, hb_delnode, hb_setweight, hb_setsite.
 *
 * The original changes the running membership with the first two in ways that its own resource logic does not survive
 * (specification of heartbeat, section 12, number 9). Ours has its members from ha.cf alone: these say what is so,
 * or what to write where. Weights and sites are said to the cluster and change nothing else, as in the original.
 */
import { ControlError, controlClient, controlPath } from "@systole/daemon";
import type { HeartbeatStatus } from "./commands.js";
import { runningStatus } from "./group-tools.js";

export interface MembershipWorld {
  /** Undefined when no heartbeat runs. */
  readonly status: () => Promise<HeartbeatStatus | undefined>;
  readonly call: (verb: string, args: Readonly<Record<string, unknown>>) => Promise<unknown>;
  out(line: string): void;
  error(line: string): void;
}

type Tool = "hb_addnode" | "hb_delnode" | "hb_setweight" | "hb_setsite";

const USAGE: Readonly<Record<Tool, string>> = {
  hb_addnode: "usage: hb_addnode <node> <node> ...",
  hb_delnode: "usage: hb_delnode <node> <node> ...",
  hb_setweight: "usage: hb_setweight <node> <weight>",
  hb_setsite: "usage: hb_setsite <node> <site>",
};

export async function membershipTool(
  tool: Tool,
  args: readonly string[],
  world: MembershipWorld,
): Promise<number> {
  const [first, second] = args;
  if (first === "-h" || first === "--help") {
    world.out(`${USAGE[tool]}\n\n  -h, --help  print this`);
    return 0;
  }
  const isAttribute = tool === "hb_setweight" || tool === "hb_setsite";
  if (first === undefined || (isAttribute && second === undefined)) {
    world.out(USAGE[tool]);
    return 1;
  }
  const status = await world.status();
  if (status === undefined) {
    world.error("ERROR: heartbeat does not run on this machine");
    return 1;
  }
  if (tool === "hb_setweight") await world.call("set-weight", { node: first, weight: second });
  else if (tool === "hb_setsite") await world.call("set-site", { node: first, site: second });
  else return args.map((name) => member(tool, name.toLowerCase(), status, world)).includes(1) ? 1 : 0;
  return 0;
}

function member(tool: Tool, name: string, { nodes }: HeartbeatStatus, { error }: MembershipWorld): 0 | 1 {
  const known = nodes.some(({ node }) => node === name);
  const wanted = tool === "hb_addnode";
  if (known === wanted) return 0;
  const what = wanted ? `add "node ${name}" to` : `take ${name} out of`;
  error(
    `ERROR: ${name}: ${what} /etc/ha.d/ha.cf of every node, then restart heartbeat on one after the other`,
  );
  return 1;
}

export async function runMembershipTool(tool: Tool): Promise<void> {
  const error = (line: string): void => void process.stderr.write(`${line}\n`);
  try {
    process.exitCode = await membershipTool(tool, process.argv.slice(2), {
      status: runningStatus,
      call: (verb, args) => controlClient(controlPath("heartbeat")).call(verb, args),
      out: (line) => void process.stdout.write(`${line}\n`),
      error,
    });
  } catch (problem) {
    if (!(problem instanceof ControlError)) throw problem;
    error(`ERROR: ${problem.message}`);
    process.exitCode = 1;
  }
}
