/** What the tools around resource groups have in common: the groups of the file, and the running heartbeat. */

import { hasErrors, render } from "@systole/config";
import { ControlError, controlClient, controlPath } from "@systole/daemon";
import { type Haresources, parseHaresources } from "../config/haresources.js";
import type { HeartbeatStatus } from "./commands.js";
import { readSource } from "./configuration.js";
import { paths } from "./paths.js";

/** The file as it is now: tools ask about edits before a reload, too. Mistakes are told, and there are no groups. */
export function presentGroups(error: (line: string) => void): Haresources | undefined {
  const source = readSource(paths.haresources);
  if (!("text" in source)) {
    error(`${paths.haresources}: ${source.message}`);
    return undefined;
  }
  const { value, diagnostics } = parseHaresources(source);
  if (hasErrors(diagnostics)) for (const diagnostic of diagnostics) error(render(diagnostic, source));
  return value;
}

/** Undefined when no heartbeat runs. */
export async function runningStatus(): Promise<HeartbeatStatus | undefined> {
  try {
    // heartbeat of the same version answers `status` with exactly this
    return (await controlClient(controlPath("heartbeat")).call("status")) as HeartbeatStatus;
  } catch (error) {
    if (error instanceof ControlError && error.code === "unreachable") return undefined;
    throw error;
  }
}

/** Does the running heartbeat have the group here? Undefined when none runs. */
export async function heldByDaemon(key: string): Promise<boolean | undefined> {
  const status = await runningStatus();
  return status?.groups.some(({ group, here }) => group === key && here === "running");
}
