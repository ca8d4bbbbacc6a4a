/** Where systemd started heartbeat, programs of others run as its units, if ha.cf does not say otherwise. */
import { existsSync } from "node:fs";
import type { Clock } from "@systole/machine";
import { type ForeignDependencies, foreignPrograms, type RunForeign } from "../resources/foreign-program.js";
import { clientStarter, type StartClient } from "./client-unit.js";
import { paths } from "./paths.js";

/** As sd_booted(3) asks. */
export const serviceManagerRuns = (): boolean => existsSync("/run/systemd/system");

/**
 * Was this process started by the service manager, so that it has a sandbox? Else it may have another network than the
 * manager's, in which a script would do harm. systemd.exec(5); systemd before 248 does not name the process.
 */
export const startedByManager = (environment: NodeJS.ProcessEnv, pid: number): boolean =>
  environment.SYSTEMD_EXEC_PID === undefined
    ? environment.INVOCATION_ID !== undefined
    : environment.SYSTEMD_EXEC_PID === String(pid);

/**
 * @param wanted `scriptunits` of ha.cf, as it is now.
 * @param warn gets a line about each program that the service manager did not start.
 */
export const scriptUnits = (
  clock: Clock,
  wanted: () => boolean,
  warn: (line: string) => void,
): { readonly runForeign: RunForeign; readonly startClient: StartClient } => {
  const world: ForeignDependencies = {
    clock,
    asUnits: () => wanted() && serviceManagerRuns() && startedByManager(process.env, process.pid),
    pipes: paths.scriptPipes,
    refused: (what, why) =>
      warn(`${what}: not run as a unit of systemd, but as a child of this process: ${why}`),
  };
  return { runForeign: foreignPrograms(world), startClient: clientStarter(world) };
};
