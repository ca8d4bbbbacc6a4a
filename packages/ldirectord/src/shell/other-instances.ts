/**
 * `execute`: other configurations, each with an ldirectord of its own that is started, reloaded and stopped with this
 * one. They are full instances: own pid file, own socket, and they go on when this one is killed.
 */
import { spawn } from "node:child_process";
import type { Logger } from "@systole/daemon";
import { type Clock, plus, seconds } from "@systole/machine";
import type { Action } from "./command-line.js";
import { DAEMON_MARK } from "./process.js";

export interface OtherInstances {
  /** By difference to what was asked for before: what is gone is stopped, what stays reloaded, what is new started. */
  use(names: readonly string[], how: "start" | "reload"): Promise<void>;
  stop(): Promise<void>;
}

/** Runs `ldirectord NAME ACTION` to its end and answers with its exit code; undefined if it did not end by itself. */
export type RunOther = (name: string, action: Action) => Promise<number | undefined>;

export function createOtherInstances(run: RunOther, log: Logger): OtherInstances {
  let running: readonly string[] = [];

  async function told(name: string, action: Action): Promise<boolean> {
    const code = await run(name, action);
    const fields = { event: "execute", name, action, code };
    if (code === 0) log.info(fields, `execute: ldirectord ${name} ${action}`);
    else
      log.error(
        fields,
        `system(ldirectord ${name} ${action}) failed: exit code ${code ?? "none, it was stopped"}`,
      );
    return code === 0;
  }

  return {
    async use(names, how) {
      const gone = running.filter((name) => !names.includes(name));
      const kept = running;
      running = names;
      for (const name of gone) await told(name, "stop");
      for (const name of names) {
        if (how === "reload" && kept.includes(name) && (await told(name, "reload"))) continue;
        await told(name, "start");
      }
    },
    async stop() {
      const names = running;
      running = [];
      await Promise.all(names.map((name) => told(name, "stop")));
    },
  };
}

const LIMIT = seconds(30);

/** The program that we are, as a child. @param out where its words go */
export const runOther =
  (clock: Clock, out: "ignore" | "inherit" = "ignore"): RunOther =>
  (name, action) =>
    new Promise((answer) => {
      const { [DAEMON_MARK]: _mark, NOTIFY_SOCKET: _socket, ...env } = process.env;
      const child = spawn(process.execPath, [...process.execArgv, process.argv[1]!, name, action], {
        stdio: ["ignore", out, out],
        env,
        cwd: "/",
      });
      const callOff = clock.at(plus(clock.now(), LIMIT), () => child.kill("SIGKILL"));
      const end = (code: number | undefined) => {
        callOff();
        answer(code);
      };
      child.once("error", () => end(undefined));
      child.once("exit", (code) => end(code ?? undefined));
    });
