/** `emailalert`: a letter for each change of a real server's or fallback's entry, handed to the notifier as a fact. */
import type { EventLog } from "@systole/bus";
import type { LdirectordConfig } from "../config/ldirectord-cf.js";
import type { AlertState } from "../config/mail.js";
import type { ServiceConfig } from "../core/configured.js";

export interface Letters {
  configure(config: LdirectordConfig): void;
  state(now: AlertState): void;
  mail(service: ServiceConfig, line: string): void;
}

/** @param logLine hears `emailalert: TEXT` for each letter */
export function createLetters(events: EventLog, node: string, logLine: (line: string) => void): Letters {
  let config: LdirectordConfig | undefined;
  let state: AlertState = "starting";
  return {
    configure(next) {
      config = next;
    },
    state(now) {
      state = now;
    },
    mail(service, line) {
      const settings = config?.virtuals.find((virtual) => virtual.service.key === service.key)?.settings;
      const globals = config?.globals;
      const to = settings?.emailAlert ?? globals?.emailAlert;
      if (globals === undefined || to === undefined || to === "") return;
      if (!(settings?.emailAlertStatus ?? globals.emailAlertStatus).includes(state)) return;
      const { serviceName, comment } = settings ?? {};
      const subject = serviceName === undefined ? line : `[${serviceName}] ${line}`;
      const about = [
        ...(serviceName === undefined ? [] : [`Service name: ${serviceName}`]),
        ...(comment === undefined ? [] : [`Comment: ${comment}`]),
      ];
      const head = [`ldirectord host: ${node}`, `Log-Message: ${subject}`, `Daemon-Status: ${state}`, ""];
      const text = [...head, ...about, ...(about.length > 0 ? [""] : [])].join("\n");
      logLine(`emailalert: ${line}`);
      events.publish("notice", {
        kind: "letter",
        to: to
          .split(",")
          .map((address) => address.trim())
          .filter(Boolean),
        ...(globals.emailAlertFrom === undefined ? {} : { from: globals.emailAlertFrom }),
        subject,
        text,
      });
    },
  };
}
