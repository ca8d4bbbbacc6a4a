/**
 * Any other resource: a script called as `<path> <args...> start|stop|status`, a unit of systemd, or an OCF agent.
 *
 * A script's `start` and `stop` speak through their exit status, its `status` through its output: `running` or `OK`
 * means it runs, `not running` that it does not. What outlives its limit is ended with its children.
 *
 * Under systemd a script starts in a scope of its own, a transient unit: what it leaves running is then no process of
 * heartbeat's service, and neither a restart of heartbeat nor its limits touch it.
 */
import { type Millis, seconds } from "@systole/machine";
import { type ChildDependencies, type ProgramCall, type ProgramResult, runProgram } from "./child-process.js";
import { type Located, locateScript, type ScriptPlaces } from "./locate-script.js";
import { OCF_ACTION, ocfEnvironment, ocfRuns } from "./ocf-agent.js";
import { type Resource, ResourceError, type ResourceSpec } from "./resource.js";

export interface ScriptDependencies extends Omit<ChildDependencies, "printed"> {
  readonly places: ScriptPlaces;
  /** The environment of the original, `HA_*` among it, beside our own PATH. */
  readonly environment: () => Readonly<Record<string, string>>;
  /** A line that a script printed, for the debug log. */
  readonly printed: (script: string, line: string) => void;
  /** How long `start` and `stop` may take. */
  readonly scriptLimit: () => Millis;
  /** Does the service manager run, and may scripts be units of it? */
  readonly inScopes: () => boolean;
}

type Action = "start" | "stop" | "status";

const STATUS_LIMIT = seconds(40);
/** `systemd-run` cannot reach the service manager. */
const SCOPE_REFUSED = /^Failed to (connect to bus|start transient scope unit)/m;

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
  { clock, places, environment, printed, inScopes }: ScriptDependencies,
): Promise<ProgramResult & { readonly located: Located }> {
  const located = await locateScript(spec.script, places);
  signal.throwIfAborted();
  const call = callOf(located, spec, action, environment());
  const scoped = action === "start" && located.kind !== "unit" && inScopes();
  let complaint = "";
  const child: ChildDependencies = {
    clock,
    printed(line) {
      if (scoped && SCOPE_REFUSED.test(line)) complaint = line;
      printed(spec.script, line);
    },
  };
  const result = await runProgram(scoped ? inScope(call, spec) : call, signal, child);
  if (complaint === "") return { ...result, located };
  signal.throwIfAborted();
  return { ...(await runProgram(call, signal, child)), located }; // without a unit rather than not at all
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

/** The same program in a transient scope; its exit status and output are the program's own. */
const inScope = ({ program, args, environment }: ProgramCall, { text }: ResourceSpec): ProgramCall => ({
  program: "systemd-run",
  args: ["--scope", "--quiet", "--collect", `--description=resource ${text}`, "--", program, ...args],
  environment,
});
