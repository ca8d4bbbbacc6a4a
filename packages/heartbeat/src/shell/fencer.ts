/**
 * Makes sure that a node is off, through the programs that know the devices: cluster-glue's `stonith`, a fence agent.
 *
 *   stonith -t TYPE -p "PARAMETERS" -T reset NODE      (-F FILE instead of -p; -S: the device's status; -l: its nodes)
 *   fence_TYPE with `name=value` lines on its standard input, `action=reboot` and `plug=NODE` among them
 *
 * Exit status 0 is the only yes. stonith does not look whether the device has that outlet at all: we ask before.
 */
import { spawn } from "node:child_process";
import { readFileSync } from "node:fs";
import { type Clock, plus, seconds } from "@systole/machine";
import type { FenceDevice } from "../config/ha-cf.types.js";
import { problemOf } from "../resources/resource.js";

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
/** Of what the program printed, so much is looked at. */
const MOST_OUTPUT = 64 * 1024;
/** And this much may reach the log. */
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

export function createFencer(device: FenceDevice, clock: Clock): Fencer {
  return {
    async fence(node) {
      const list = listCall(device);
      if (list !== undefined && !names(await run(list, clock)).includes(node.toLowerCase()))
        throw new Error(`${device.type} does not control ${node}`);
      await run(fenceCall(device, node), clock);
    },
    async check() {
      await run(fenceCall(device, undefined), clock);
    },
  };
}

const names = (printed: string): readonly string[] => printed.toLowerCase().split(/\s+/);

/** @returns what it printed, as far as it matters. */
function run({ program, args, input }: FenceCall, clock: Clock): Promise<string> {
  return new Promise((resolve, reject) => {
    const child = spawn(program, args, { stdio: ["pipe", "pipe", "pipe"], detached: true });
    let printed = "";
    const collect = (chunk: Buffer) => {
      printed = (printed + chunk.toString("latin1")).slice(-MOST_OUTPUT);
    };
    const callOff = clock.at(plus(clock.now(), LIMIT), () => {
      if (child.pid !== undefined) process.kill(-child.pid, "SIGKILL");
      reject(new Error(`${program}: no answer within ${LIMIT / 1000} s`));
    });
    child.stdout.on("data", collect);
    child.stderr.on("data", collect);
    child.stdin.on("error", () => {}); // it ended before it read everything: its exit status says why
    child.once("error", (cause) => {
      callOff();
      reject(new Error(`${program} cannot be run: ${problemOf(cause)}`, { cause }));
    });
    child.once("close", (code, signal) => {
      callOff();
      const words = (printed.trim().split("\n").at(-1) ?? "").slice(0, LONGEST_WORDS);
      if (code === 0) resolve(printed);
      else reject(new Error(`${program}: ${signal ?? `exit status ${code}`}${words && `: ${words}`}`));
    });
    child.stdin.end(input);
  });
}
