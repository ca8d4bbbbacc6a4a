/**
 * Makes sure that a node is off, through the programs that know the devices: cluster-glue's `stonith`, a fence agent.
 *
 *   stonith -t TYPE -p "PARAMETERS" -T reset NODE      (-F FILE instead of -p; -S: the device's status; -l: its nodes)
 *   fence_TYPE with `name=value` lines on its standard input, `action=reboot` and `plug=NODE` among them
 *
 * Exit status 0 is the only yes. stonith does not look whether the device has that outlet at all: we ask before.
 */
import { readFileSync } from "node:fs";
import { type Clock, seconds } from "@systole/machine";
import type { FenceDevice } from "../config/ha-cf.types.js";
import type { RunForeign } from "../resources/foreign-program.js";
import { withLimit } from "../resources/time-limit.js";

export interface Fencer {
  /** @throws Error unless the device confirms that the node was reset. */
  fence(node: string): Promise<void>;
  /** @throws Error unless the device can be reached. */
  check(): Promise<void>;
}

export interface FenceCall {
  readonly program: string;
  readonly args: readonly string[];
  readonly input: string;
}

/** A management board takes its time to answer, and longer to switch. */
const LIMIT = seconds(120);
/** So much of what the program printed last may reach the log. */
const LONGEST_WORDS = 300;

/** @param node the one to reset; undefined asks for the device's status. */
export function fenceCall(device: FenceDevice, node: string | undefined): FenceCall {
  if (isAgent(device)) return agentCall(device.type, textOf(device.parameters), node);
  return stonithCall(device, node === undefined ? ["-S"] : ["-T", "reset", node]);
}

/** Which nodes the device can switch, one to a line; undefined for a fence agent, which is told. */
export const listCall = (device: FenceDevice): FenceCall | undefined =>
  isAgent(device) ? undefined : stonithCall(device, ["-l"]);

const isAgent = ({ type }: FenceDevice): boolean => type.startsWith("fence_");

function stonithCall({ type, parameters }: FenceDevice, wanted: readonly string[]): FenceCall {
  const given = "file" in parameters ? ["-F", parameters.file] : ["-p", parameters.text];
  return { program: "stonith", args: ["-t", type, ...given, ...wanted], input: "" };
}

function agentCall(type: string, text: string, node: string | undefined): FenceCall {
  const given = text.split(/\s+/).filter((word) => word.includes("=") && !word.startsWith("#"));
  const names = new Set(given.map((word) => word.slice(0, word.indexOf("="))));
  const plug = node !== undefined && !names.has("plug") && !names.has("port") ? [`plug=${node}`] : [];
  const lines = [`action=${node === undefined ? "monitor" : "reboot"}`, ...given, ...plug];
  return { program: type, args: [], input: `${lines.join("\n")}\n` };
}

const textOf = (parameters: FenceDevice["parameters"]): string =>
  "file" in parameters ? readFileSync(parameters.file, "utf8") : parameters.text;

export interface FencerDependencies {
  readonly clock: Clock;
  readonly environment: Readonly<Record<string, string>>;
  readonly runForeign: RunForeign;
}

export function createFencer(device: FenceDevice, dependencies: FencerDependencies): Fencer {
  return {
    async fence(node) {
      const list = listCall(device);
      if (list !== undefined && !names(await run(list, dependencies)).includes(node.toLowerCase()))
        throw new Error(`${device.type} does not control ${node}`);
      await run(fenceCall(device, node), dependencies);
    },
    async check() {
      await run(fenceCall(device, undefined), dependencies);
    },
  };
}

const names = (printed: string): readonly string[] => printed.toLowerCase().split(/\s+/);

/** @returns what it printed, as far as it matters. */
async function run(
  { program, args, input }: FenceCall,
  { clock, environment, runForeign }: FencerDependencies,
): Promise<string> {
  let words = "";
  const hear = (line: string) => {
    words = line.trim().slice(0, LONGEST_WORDS);
  };
  const call = { program, args, input, environment, what: `fence ${program}` };
  const { status, signal, output } = await withLimit(clock, LIMIT, program, (limit) =>
    runForeign(call, limit, hear),
  );
  if (status === 0) return output;
  throw new Error(`${program}: ${signal ?? `exit status ${status}`}${words && `: ${words}`}`);
}
