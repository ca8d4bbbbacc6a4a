/** External checks: a program in its own process group, exit code 0 is up; TERM at the time limit, KILL 2 s later. */
import { spawn } from "node:child_process";
import { type Clock, milliseconds, plus, seconds } from "@systole/machine";
import type { AwakeTimer } from "./awake.js";
import type { Outcome } from "./dialogue.js";

const MERCY = seconds(2);

/** Answers how to call it off. */
export function runExternal(
  command: readonly string[],
  args: readonly string[],
  limitMs: number,
  { clock, awake }: { readonly clock: Clock; readonly awake: AwakeTimer },
  finish: (outcome: Outcome) => void,
): () => void {
  const [program = "", ...own] = command;
  const child = spawn(program, [...own, ...args], { stdio: "ignore", detached: true, cwd: "/" });
  let told = false;
  let callOff = awake.after(milliseconds(limitMs), () => {
    tell({ up: false, reason: `${program} took longer than ${limitMs / 1000} s and was stopped` });
    stop();
  });
  const tell = (outcome: Outcome) => {
    if (told) return;
    told = true;
    finish(outcome);
  };
  const signal = (name: NodeJS.Signals) => {
    if (child.pid === undefined) return;
    try {
      process.kill(-child.pid, name);
    } catch {
      // the whole group is gone already
    }
  };
  const stop = () => {
    callOff();
    signal("SIGTERM");
    callOff = clock.at(plus(clock.now(), MERCY), () => signal("SIGKILL"));
  };
  child.once("error", (error) => {
    callOff();
    tell({ up: false, reason: `${program} cannot be run: ${error.message}` });
  });
  child.once("exit", (code, killedBy) => {
    if (!told) callOff();
    if (code === 0) tell({ up: true, message: `${program}: exit code 0` });
    else
      tell({
        up: false,
        reason: killedBy === null ? `${program}: exit code ${code}` : `${program} was killed by ${killedBy}`,
      });
  });
  return () => {
    told = true;
    if (child.exitCode === null && child.signalCode === null) stop();
  };
}
