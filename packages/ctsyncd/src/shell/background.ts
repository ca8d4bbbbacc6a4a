/** `ctsyncd -d`: the daemon in the background, started only with a configuration that is right. */
import { spawn } from "node:child_process";
import { readFileSync } from "node:fs";
import { render } from "@systole/config";
import { type ControlClient, ControlError } from "@systole/daemon";
import { type Clock, milliseconds, plus, seconds } from "@systole/machine";
import { parseConntrackdConf } from "../config/conntrackd-conf.js";
import type { Terminal } from "./client.js";

const START_LIMIT = seconds(15);
const POLL = milliseconds(50);

/** Says to the child that nobody reads its stderr. */
export const DETACHED = "SYSTOLE_DETACHED";

/** Starts the daemon and waits until it answers. @returns the exit code. */
export async function startInBackground(
  program: string,
  configPath: string,
  { client, clock, terminal }: { client: ControlClient; clock: Clock; terminal: Terminal },
): Promise<number> {
  if ((await answeringPid(client)) !== undefined) {
    terminal.error("ctsyncd: it is running already");
    return 1;
  }
  if (!validate(configPath, terminal)) return 1;
  const env = { ...process.env, [DETACHED]: "1" };
  const args = [program, "-C", configPath];
  const child = spawn(process.execPath, args, { detached: true, stdio: "ignore", env });
  let exitCode: number | undefined;
  child.once("exit", (code) => {
    exitCode = code ?? 1;
  });
  for (let waited = 0; waited < START_LIMIT && exitCode === undefined; waited += POLL) {
    if ((await answeringPid(client)) === child.pid) {
      child.unref();
      return 0;
    }
    await new Promise<void>((resolve) => void clock.at(plus(clock.now(), POLL), resolve));
  }
  const what = exitCode === undefined ? "does not answer" : `ended with exit code ${exitCode}`;
  terminal.error(`ctsyncd: the daemon ${what}; its log says why`);
  return 1;
}

/** Prints every mistake of the file; false if there is an error. */
function validate(path: string, terminal: Terminal): boolean {
  let text: string;
  try {
    text = readFileSync(path, "utf8");
  } catch (error) {
    terminal.error(`can't open config file \`${path}': ${error instanceof Error ? error.message : error}`);
    return false;
  }
  const source = { path, text };
  const { value, diagnostics } = parseConntrackdConf(source);
  for (const diagnostic of diagnostics) terminal.error(render(diagnostic, source));
  return value !== undefined;
}

async function answeringPid(client: ControlClient): Promise<number | undefined> {
  try {
    const answer = await client.call("ping");
    return typeof answer === "object" && answer !== null && "pid" in answer ? Number(answer.pid) : undefined;
  } catch (error) {
    if (error instanceof ControlError) return undefined; // not yet
    throw error;
  }
}
