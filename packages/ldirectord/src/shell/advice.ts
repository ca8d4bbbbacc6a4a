/** What this data plane and this version do otherwise than asked: said once at load, by name. */

import type { Logger } from "@systole/daemon";
import type { Balancer } from "@systole/kernel";
import type { LdirectordConfig } from "../config/ldirectord-cf.js";

export function adviseOnConfiguration(
  { director, globals, virtuals }: LdirectordConfig,
  balancer: Balancer,
  log: Logger,
): void {
  for (const { key, virtual, reals } of director.services) {
    for (const { asked, instead } of balancer.limitations(virtual, reals)) {
      log.warn(
        { event: "data-plane.limitation", service: key },
        `${key}: ${balancer.kind} has no ${asked}: ${instead}`,
      );
    }
  }
  if (globals.execute.length > 0) {
    log.warn(
      { event: "config.not-used" },
      `execute: ${globals.execute.join(", ")} must be started by itself; it is not started from here`,
    );
  }
  if (globals.smtp !== undefined || virtuals.some(({ settings }) => settings.smtp !== undefined)) {
    log.warn({ event: "config.not-used" }, "smtp: letters leave through notifierd and its SMTP server");
  }
  const reminders =
    globals.emailAlertFrequency > 0 ||
    virtuals.some(({ settings }) => (settings.emailAlertFrequency ?? 0) > 0);
  if (reminders) log.warn({ event: "config.not-used" }, "emailalertfreq: reminders are not sent");
  if (globals.fork) log.info({ event: "config.not-used" }, "fork: checks are concurrent in one process");
}
