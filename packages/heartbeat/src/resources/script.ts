/**
 * Any other resource: a script of resource.d or init.d, called as `<path> <args...> start|stop|status`.
 *
 * `start` and `stop` speak through their exit status, `status` through its output: `running` or `OK` means it runs,
 * `not running` that it does not. A script that outlives its limit is ended with its children.
 */
import { spawn } from "node:child_process";
import { constants } from "node:fs";
import { access, stat } from "node:fs/promises";
import { join } from "node:path";
import { type Clock, milliseconds, plus, seconds } from "@systole/machine";
import { type Resource, ResourceError, type ResourceSpec } from "./resource.js";

export interface ScriptDependencies {
  readonly clock: Clock;
  /** Where scripts are looked for, in this order. */
  readonly folders: readonly string[];
  /** The environment of the original, `HA_*` among it, beside our own PATH. */
  readonly environment: () => Readonly<Record<string, string>>;
  /** A line that a script printed, for the debug log. */
  readonly printed: (script: string, line: string) => void;
}

const LIMITS = { status: seconds(30), start: seconds(300), stop: seconds(300) };
/** Of what a script prints, this much is looked at and logged. */
const MOST_OUTPUT = 64 * 1024;
/** How long after its end a script's output is still read. */
const OUTPUT_GRACE = milliseconds(100);

export function script(spec: ResourceSpec, dependencies: ScriptDependencies): Resource {
  const run = (action: string, signal: AbortSignal) => runScript(spec, action, signal, dependencies);
  const demand = async (action: "start" | "stop", signal: AbortSignal): Promise<void> => {
    const { status } = await run(action, signal);
    if (status !== 0) throw new ResourceError("exit-status", `Return code ${status} from ${spec.script}`);
  };
  return {
    spec,
    limits: LIMITS,
    idempotent: false,
    status: async (signal) => saysItRuns((await run("status", signal)).output),
    async start(signal) {
      await demand("start", signal);
      return [];
    },
    stop: (signal) => demand("stop", signal),
  };
}

/** What the output of `status` means; its exit status means nothing. */
export function saysItRuns(output: string): boolean {
  if (/[Nn][Oo][Tt] [\s\S]*[Rr]unning/.test(output)) return false;
  return /[Rr]unning|OK/.test(output);
}

/** @throws ResourceError `script-missing` if no folder has an executable file of that name. */
export async function findScript(name: string, folders: readonly string[]): Promise<string> {
  for (const folder of folders) {
    const path = join(folder, name);
    try {
      await access(path, constants.X_OK);
      if ((await stat(path)).isFile()) return path;
    } catch {
      // not here: the next folder
    }
  }
  throw new ResourceError("script-missing", `Cannot locate resource script ${name}`);
}

interface ScriptResult {
  /** 128: ended by a signal. */
  readonly status: number;
  readonly output: string;
}

async function runScript(
  spec: ResourceSpec,
  action: string,
  signal: AbortSignal,
  { clock, folders, environment, printed }: ScriptDependencies,
): Promise<ScriptResult> {
  const path = await findScript(spec.script, folders);
  signal.throwIfAborted();
  return new Promise((resolve, reject) => {
    // A group of its own, so that ending it ends its children.
    const child = spawn(path, [...spec.args, action], {
      env: { ...environment() },
      stdio: ["ignore", "pipe", "pipe"],
      detached: true,
    });
    const end = () => endGroup(child.pid);
    let output = "";
    const collect = (chunk: string) => {
      output = (output + chunk).slice(0, MOST_OUTPUT);
    };
    child.stdout.setEncoding("latin1").on("data", collect);
    child.stderr.setEncoding("latin1").on("data", (chunk: string) => {
      for (const line of chunk.slice(0, MOST_OUTPUT).split("\n")) if (line !== "") printed(spec.script, line);
    });
    signal.addEventListener("abort", end, { once: true });
    child.once("error", (cause) => {
      signal.removeEventListener("abort", end);
      reject(new ResourceError("script-missing", `${path} cannot be run: ${cause.message}`, cause));
    });
    child.once("exit", (code) => {
      signal.removeEventListener("abort", end);
      const status = code ?? 128;
      const done = () => {
        callOff();
        child.stdout.destroy();
        child.stderr.destroy();
        for (const line of output.split("\n")) if (line !== "") printed(spec.script, line);
        resolve({ status, output });
      };
      // A daemon that the script left behind may hold its output open for ever.
      const callOff = clock.at(plus(clock.now(), OUTPUT_GRACE), done);
      child.once("close", done);
    });
  });
}

function endGroup(pid: number | undefined): void {
  if (pid === undefined) return;
  try {
    process.kill(-pid, "SIGKILL");
  } catch {
    // it has ended meanwhile
  }
}
