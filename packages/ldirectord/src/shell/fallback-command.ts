/** `fallbackcommand`: a shell runs it with ` start|stop ADDR:PORT PROTOCOL`, one after the other, 30 s each. */
import { spawn } from "node:child_process";
import type { Logger } from "@systole/daemon";
import { type Clock, plus, seconds } from "@systole/machine";
import { formatEndpoint } from "@systole/wire";
import type { ServiceConfig } from "../core/configured.js";

export interface FallbackCommands {
  run(service: ServiceConfig, verb: "start" | "stop"): void;
  /** Until all that were asked for have ended. */
  idle(): Promise<void>;
}

const LIMIT = seconds(30);

export function createFallbackCommands(log: Logger, clock: Clock): FallbackCommands {
  let last = Promise.resolve();

  function once(command: string, args: string): Promise<void> {
    return new Promise((done) => {
      const child = spawn("/bin/sh", ["-c", `${command} ${args}`], {
        stdio: "ignore",
        detached: true,
        cwd: "/",
      });
      const callOff = clock.at(plus(clock.now(), LIMIT), () => {
        log.error(
          { event: "fallback-command.slow" },
          `${command} ${args} took longer than 30 s and was stopped`,
        );
        if (child.pid !== undefined) process.kill(-child.pid, "SIGKILL");
      });
      const end = (problem: string | undefined) => {
        callOff();
        if (problem !== undefined) {
          log.error({ event: "fallback-command.failed" }, `system(${command} ${args}) failed: ${problem}`);
        }
        done();
      };
      child.once("error", (error) => end(error.message));
      child.once("exit", (code, signal) => end(code === 0 ? undefined : (signal ?? `exit code ${code}`)));
    });
  }

  return {
    run({ virtual: { id }, fallbackCommand }, verb) {
      if (fallbackCommand === undefined) return;
      const place = id.kind === "fwmark" ? `${id.fwmark}:0` : formatEndpoint(id);
      const args = `${verb} ${place} ${id.kind === "fwmark" ? "fwm" : id.protocol}`;
      last = last.then(() => once(fallbackCommand, args));
    },
    idle: () => last,
  };
}
