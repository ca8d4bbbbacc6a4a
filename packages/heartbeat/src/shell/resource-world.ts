/** What the resources of one group get to see of the daemon. */
import type { DaemonContext } from "@systole/daemon";
import type { Network } from "@systole/kernel";
import { holdVerdict } from "../core/cluster.js";
import type { CatalogueDependencies } from "../resources/catalogue.js";
import { controlCall } from "../resources/control-call.js";
import type { RunForeign } from "../resources/foreign-program.js";
import type { ScriptPlaces } from "../resources/locate-script.js";
import type { VipLease } from "../resources/vip-lease.js";
import { scriptEnvironment } from "./environment.js";
import { paths } from "./paths.js";
import type { Present } from "./present.js";
import { serviceManagerRuns } from "./script-units.js";

/** Each sends a heartbeat. On an emulated processor that others kept busy, two were not enough for a takeover. */
const HOLD_ATTEMPTS = 8;

export const scriptPlaces = (): ScriptPlaces => ({
  folders: paths.resourceFolders,
  unitFolders: serviceManagerRuns() ? paths.unitFolders : [],
  agentFolders: paths.agentFolders,
});

interface LentParts extends Pick<CatalogueDependencies, "publish"> {
  readonly lease: VipLease;
  readonly runForeign: RunForeign;
}

export function resourceWorld(
  group: string,
  present: Present,
  { clock, node, log, wallClock }: DaemonContext,
  kernel: Network,
  { lease, publish, runForeign }: LentParts,
): CatalogueDependencies {
  return {
    clock,
    kernel,
    node,
    ...{ lease, publish },
    mayHold() {
      // `ask-again`: this process stood still between the two lines. A starved one may need several tries.
      for (let attempt = 0; attempt < HOLD_ATTEMPTS; attempt++) {
        present.feed({ type: "holding", group });
        const verdict = holdVerdict(present.state, group, clock.now());
        if (verdict !== "ask-again") return verdict === "hold";
      }
      return false;
    },
    warn: (problem) => log.warn({ event: "resource.problem", group }, problem),
    call: controlCall(clock),
    date: () => new Date(wallClock()).toString(),
    places: scriptPlaces(),
    scriptLimit: () => present.configuration.haCf.scriptLimit,
    runForeign,
    environment: () => scriptEnvironment(present.configuration.haCf, { local: node, alone: present.alone }),
    printed: (script, line) => log.debug({ event: "script.output", script }, line),
  };
}
