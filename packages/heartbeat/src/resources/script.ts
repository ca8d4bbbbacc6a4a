/**
 * Any other resource: a script called as `<path> <args...> start|stop|status`, a unit of systemd, or an OCF agent.
 *
 * A script's `start` and `stop` speak through their exit status, its `status` through its output: `running` or `OK`
 * means it runs, `not running` that it does not. What outlives its limit is ended with its children.
 *
 * Under systemd scripts and agents run as transient units (foreign-program.ts): outside of heartbeat's sandbox, and
 * what they leave running is no process of heartbeat's service.
 */
import { type Clock, type Millis, seconds } from "@systole/machine";
import { type ProgramCall, type ProgramResult, runProgram } from "./child-process.js";
import type { RunForeign } from "./foreign-program.js";
import { type Located, locateScript, type ScriptPlaces } from "./locate-script.js";
import { OCF_ACTION, ocfEnvironment, ocfRuns } from "./ocf-agent.js";
import { type Resource, ResourceError, type ResourceSpec } from "./resource.js";

export interface ScriptDependencies {
  readonly clock: Clock;
  readonly places: ScriptPlaces;
  /** The environment of the original, `HA_*` among it, beside our own PATH. */
  readonly environment: () => Readonly<Record<string, string>>;
  /** A line that a script printed, for the debug log. */
  readonly printed: (script: string, line: string) => void;
  /** How long `start` and `stop` may take. */
  readonly scriptLimit: () => Millis;
  readonly runForeign: RunForeign;
}

type Action = "start" | "stop" | "status";

const STATUS_LIMIT = seconds(40);
export function script(spec: ResourceSpec, dependencies: ScriptDependencies): Resource {
  const limit = dependencies.scriptLimit();
  const run = (action: Action, signal: AbortSignal) => runAction(spec, action, signal, dependencies);
  const demand = async (action: "start" | "stop", signal: AbortSignal): Promise<void> => {
    const { status } = await run(action, signal);
    if (status !== 0) throw new ResourceError("exit-status", `Return code ${status} from ${spec.script}`);
  };
  return {
    spec,
    limits: { status: STATUS_LIMIT, start: limit, stop: limit },
    idempotent: false,
    async status(signal) {
      const { located, status, output } = await run("status", signal);
      return located.kind === "script" ? saysItRuns(output) : ocfRuns(status);
    },
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

async function runAction(
  spec: ResourceSpec,
  action: Action,
  signal: AbortSignal,
  { clock, places, environment, printed, runForeign }: ScriptDependencies,
): Promise<ProgramResult & { readonly located: Located }> {
  const located = await locateScript(spec.script, places);
  signal.throwIfAborted();
  const call = {
    ...callOf(located, spec, action, environment()),
    what: `${spec.text} ${action}`,
    quiet: action === "status",
  };
  const heard = (line: string) => printed(spec.script, line);
  const result =
    located.kind === "unit"
      ? await runProgram(call, signal, { clock, printed: heard })
      : await runForeign(call, signal, heard);
  return { ...result, located };
}

function callOf(
  located: Located,
  spec: ResourceSpec,
  action: Action,
  environment: Readonly<Record<string, string>>,
): ProgramCall {
  switch (located.kind) {
    case "script":
      return { program: located.path, args: [...spec.args, action], environment };
    case "unit": {
      const verb = action === "status" ? "is-active" : action;
      return { program: "systemctl", args: [verb, located.unit], environment };
    }
    case "agent":
      return {
        program: located.path,
        args: [OCF_ACTION[action]],
        environment: { ...environment, ...ocfEnvironment(spec) },
      };
  }
}
