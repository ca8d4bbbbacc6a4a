/** A letter through the local sendmail program of any Unix mail system, with the exit codes of sysexits.h. */
import { spawn } from "node:child_process";
import { type Clock, plus } from "@systole/machine";
import type { SmtpSettings } from "../config/settings.js";
import type { Answer } from "../core/queue.js";
import type { Letter } from "../types.js";
import type { Dialogue } from "./dialogue.js";
import { encode } from "./message.js";
import type { Outcome } from "./outcome.js";

export interface SendmailParts {
  readonly clock: Clock;
  readonly dialogue?: Dialogue;
}

/** sysexits.h: what will not become better by waiting. */
const NEVER = new Set([64, 65, 67, 68]);
const COMPLAINT_LIMIT = 500;

export async function deliverBySendmail(
  program: string,
  letter: Letter,
  to: readonly string[],
  settings: SmtpSettings,
  { clock, dialogue }: SendmailParts,
): Promise<Outcome> {
  // A program of Unix reads lines of Unix.
  const message = (await encode(letter, to)).toString("latin1").replaceAll("\r\n", "\n");
  // -i: a line with a dot is a line; addresses behind -- are no options. No shell anywhere.
  const args = ["-i", "-f", letter.from, ...(settings.dsn ? ["-N", "failure,delay"] : []), "--", ...to];
  dialogue?.add("*", `${program} ${args.join(" ")}`);
  return await new Promise<Outcome>((resolve) => {
    const child = spawn(program, args, {
      stdio: ["pipe", "ignore", "pipe"],
      env: { PATH: "/usr/sbin:/usr/bin:/sbin:/bin" },
    });
    let complaint = "";
    const callOff = clock.at(plus(clock.now(), settings.timeout), () => child.kill("SIGKILL"));
    const settle = (outcome: Outcome) => {
      callOff();
      resolve(outcome);
    };
    child.on("error", (error) => settle({ type: "unreachable", problem: error.message, alarm: true }));
    child.stdin.on("error", () => {}); // it may leave without reading; its exit code says why
    child.stderr.on("data", (chunk: Buffer) => {
      complaint = (complaint + chunk.toString("utf8")).slice(0, COMPLAINT_LIMIT);
    });
    child.on("close", (code, signal) => {
      const reply =
        `${program} ${signal === null ? `exited ${code}` : `was killed (${signal})`} ${complaint}`.trim();
      dialogue?.add("*", reply);
      const answers = to.map((address): Answer => ({ address, verdict: verdict(code), reply }));
      settle({ type: "answered", server: program, tls: false, answers });
    });
    child.stdin.end(message, "latin1");
  });
}

const verdict = (code: number | null): Answer["verdict"] =>
  code === 0 ? "delivered" : code !== null && NEVER.has(code) ? "never" : "later";
