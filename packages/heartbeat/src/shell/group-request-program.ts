/** The process around req_resource and mach_down. */
import { ControlError, controlClient, controlPath } from "@systole/daemon";
import type { GroupRequestWorld } from "./group-requests.js";
import { runningStatus } from "./group-tools.js";

const LIMIT_MS = 35_000;

export async function runGroupRequest(
  ask: (args: readonly string[], world: GroupRequestWorld) => Promise<number>,
): Promise<void> {
  const error = (line: string): void => void process.stderr.write(`${line}\n`);
  const client = controlClient(controlPath("heartbeat"), { limitMs: LIMIT_MS });
  try {
    process.exitCode = await ask(process.argv.slice(2), {
      status: runningStatus,
      takeover: (set) => client.call("takeover", { set }),
      out: (line) => void process.stdout.write(`${line}\n`),
      error,
    });
  } catch (problem) {
    if (!(problem instanceof ControlError)) throw problem;
    error(`ERROR: ${problem.message}`);
    process.exitCode = 1;
  }
}
