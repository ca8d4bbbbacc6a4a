/**
 * Resources while no heartbeat runs, or beside it: asked, started and stopped by a tool. A VIP put up here stays until
 * it is taken down: nobody renews a lease.
 */
import type { Fact } from "@systole/bus";
import { nodeName } from "@systole/daemon";
import { type Network, openNetwork } from "@systole/kernel";
import { type Clock, milliseconds, systemClock } from "@systole/machine";
import { type HaCf, parseHaCf } from "../config/ha-cf.js";
import type { ResourceGroup } from "../config/haresources.js";
import { type CatalogueDependencies, makeResource } from "../resources/catalogue.js";
import { controlCall } from "../resources/control-call.js";
import type { ResourceSpec } from "../resources/resource.js";
import { createRunner } from "../resources/runner.js";
import { withLimit } from "../resources/time-limit.js";
import { createVipLease } from "../resources/vip-lease.js";
import { readSource } from "./configuration.js";
import { scriptEnvironment } from "./environment.js";
import { paths } from "./paths.js";
import { scriptPlaces } from "./resource-world.js";
import { scriptUnits } from "./script-units.js";
import { machineSurroundings } from "./surroundings.js";

export interface LoneResources {
  runs(resource: ResourceSpec): Promise<boolean>;
  /** Answers with what failed, undefined if nothing did. */
  move(group: ResourceGroup, action: "take" | "give"): Promise<string | undefined>;
  close(): Promise<void>;
}

const STOP_RETRIES = 10;
const DEFAULT_SCRIPT_LIMIT = milliseconds(300_000);

/** @param tell what goes wrong, and what scripts print, for stderr. */
export function loneResources(tell: (line: string) => void): LoneResources {
  const clock = systemClock();
  const haCf = presentHaCf();
  let kernel: Promise<Network> | undefined;
  const world = async () => {
    kernel ??= openNetwork();
    return worldOf({ clock, haCf, tell, kernel: await kernel });
  };

  return {
    async runs(spec) {
      const resource = makeResource(spec, await world());
      return withLimit(clock, resource.limits.status, `${spec.text} status`, (signal) =>
        resource.status(signal),
      );
    },
    async move(group, action) {
      const dependencies = await world();
      const runner = createRunner(
        { stopRetries: () => STOP_RETRIES },
        {
          clock,
          make: (spec) => makeResource(spec, dependencies),
          log: {
            running: ({ text }, verb) => tell(`info: ${text} ${verb}`),
            failed: ({ text }, verb, problem) => tell(`ERROR: ${text} ${verb}: ${problem}`),
            givingUp: ({ text }) => tell(`CRIT: Giving up resources due to failure of ${text}`),
          },
        },
      );
      const report = await (action === "take" ? runner.start(group) : runner.stop(group));
      return report?.failed && `${report.failed.resource}: ${report.failed.problem}`;
    },
    close: async () => (await kernel)?.close(),
  };
}

/** Undefined if it has mistakes: the questions of a tool do not depend on it. */
function presentHaCf(): HaCf | undefined {
  const source = readSource(paths.haCf);
  return "text" in source
    ? parseHaCf(source, machineSurroundings(nodeName(), "may-vanish")).value
    : undefined;
}

interface Given {
  readonly clock: Clock;
  readonly haCf: HaCf | undefined;
  readonly kernel: Network;
  readonly tell: (line: string) => void;
}

function worldOf({ clock, haCf, kernel, tell }: Given): CatalogueDependencies {
  const node = nodeName();
  const warn = (problem: string) => tell(`WARN: ${problem}`);
  return {
    ...{ clock, kernel, node, warn },
    lease: createVipLease({ clock, guard: kernel.leaseGuard, lease: () => undefined, warn }),
    mayHold: () => true,
    publish: (_severity, fact) => tellLetter(fact, warn),
    call: controlCall(clock),
    date: () => new Date(Date.now()).toString(),
    places: scriptPlaces(),
    scriptLimit: () => haCf?.scriptLimit ?? DEFAULT_SCRIPT_LIMIT,
    ...scriptUnits(clock, () => haCf?.scriptUnits !== false, warn),
    environment: () =>
      haCf === undefined
        ? { PATH: process.env.PATH ?? "/usr/sbin:/usr/bin:/sbin:/bin" }
        : scriptEnvironment(haCf, { local: node, alone: true }),
    printed: (_script, line) => tell(line),
  };
}

/** Letters are sent by notifierd, which hears of them from a running heartbeat only. */
function tellLetter(fact: Fact, warn: (problem: string) => void): void {
  if (fact.kind === "letter") warn(`MailTo: heartbeat does not run, "${fact.subject}" is not sent`);
}
