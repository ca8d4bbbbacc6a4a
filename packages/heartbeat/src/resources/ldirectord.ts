/**
 * The resource `ldirectord[::config]`: tells ldirectord to bring its wanted table into the kernel.
 *
 * ldirectord has been checking real servers all along (hot standby), so that weights are right at once. It runs as a
 * service of its own; one that is just restarting is waited for.
 */
import { basename } from "node:path";
import { type Clock, milliseconds, seconds } from "@systole/machine";
import { type ControlCall, isAbsent, isActive } from "./control-call.js";
import type { Resource, ResourceSpec } from "./resource.js";
import { pause } from "./time-limit.js";

const DEFAULT_CONFIG = "ldirectord.cf";
const LIMITS = { status: seconds(5), start: seconds(10), stop: seconds(10) };
const RETRY_PAUSE = milliseconds(200);

export function ldirectord(
  spec: ResourceSpec,
  { clock, call }: { clock: Clock; call: ControlCall },
): Resource {
  const args = { config: spec.args[0] ?? DEFAULT_CONFIG };
  const daemon = daemonOf(args.config);
  return {
    spec,
    limits: LIMITS,
    idempotent: true,
    async status() {
      return isActive(await call(daemon, "status", args, LIMITS.status));
    },
    async start(signal) {
      for (;;) {
        try {
          return problemsOf(await call(daemon, "activate", args, LIMITS.start));
        } catch (error) {
          if (!isAbsent(error)) throw error;
          await pause(clock, RETRY_PAUSE);
          if (signal.aborted) throw error;
        }
      }
    },
    async stop() {
      try {
        await call(daemon, "deactivate", args, LIMITS.stop);
      } catch (error) {
        if (!isAbsent(error)) throw error; // who is not running has no table to leave
      }
    },
  };
}

/** Each configuration has an ldirectord, and a control socket, of its own; the usual one has the plain name. */
const daemonOf = (config: string): string =>
  basename(config) === DEFAULT_CONFIG ? "ldirectord" : `ldirectord.${basename(config)}`;

/** Changes of the table that the kernel refused, as ldirectord tells them: the rest of it serves. */
function problemsOf(answer: unknown): readonly string[] {
  if (typeof answer !== "object" || answer === null || !("problems" in answer)) return [];
  const { problems } = answer;
  return Array.isArray(problems) ? problems.map((problem) => `ldirectord: ${String(problem)}`) : [];
}
