/** The last resort: what must not go on here ends with the machine, and the others take over. */
import { spawn } from "node:child_process";
import type { DaemonContext } from "@systole/daemon";

/** As the original: without a sync that could hang, without asking the service manager. */
const REBOOT = ["reboot", "-nf"] as const;

export function rebootMachine({ log, events }: Pick<DaemonContext, "log" | "events">, why: string): void {
  log.fatal({ event: "reboot" }, `${why}: this machine is rebooted`);
  events.publish("critical", { kind: "daemon.stopping", reason: `${why}: reboot` });
  const [program, ...args] = REBOOT;
  const child = spawn(program, args, { stdio: "ignore", detached: true });
  child.once("error", (error) => log.fatal({ event: "reboot" }, `cannot reboot: ${error.message}`));
}
