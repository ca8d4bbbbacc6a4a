/** The ldirectords of this machine: one control socket for each configuration file. */
import { existsSync, readdirSync } from "node:fs";
import { type CallOptions, controlClient, controlPath } from "@systole/daemon";
import { type DirectorStatus, readDirectorStatus } from "./director-status.js";

/** Longer than this nobody waits for a daemon: it is shown as silent, never with its last words. */
const ANSWER_LIMIT_MS = 2000;

export interface Director {
  /** Name of its runtime directory: `ldirectord`, `ldirectord.shop.cf`. */
  readonly daemon: string;
  /** @throws ControlError */
  ask(verb: string, args?: Readonly<Record<string, unknown>>, options?: CallOptions): Promise<unknown>;
  status(): Promise<DirectorAnswer>;
}

export type DirectorAnswer =
  | { readonly kind: "status"; readonly daemon: string; readonly status: DirectorStatus }
  | { readonly kind: "silent"; readonly daemon: string; readonly problem: string };

/**
 * Every ldirectord that has a control socket here, in the order of their names. One that was stopped has taken its
 * socket away; one that was killed has left it.
 */
export function directors(root: string): readonly Director[] {
  return namesIn(root)
    .filter((name) => name === "ldirectord" || name.startsWith("ldirectord."))
    .filter((name) => existsSync(controlPath(name, root)))
    .toSorted()
    .map((daemon) => {
      const client = controlClient(controlPath(daemon, root), { limitMs: ANSWER_LIMIT_MS });
      return {
        daemon,
        ask: (verb, args = {}, options = {}) => client.call(verb, args, options),
        async status() {
          try {
            return { kind: "status", daemon, status: readDirectorStatus(await client.call("status")) };
          } catch (error) {
            const problem = error instanceof Error ? error.message : String(error);
            return { kind: "silent", daemon, problem };
          }
        },
      };
    });
}

function namesIn(root: string): readonly string[] {
  try {
    return readdirSync(root);
  } catch {
    return []; // no daemon of ours has ever run here
  }
}
