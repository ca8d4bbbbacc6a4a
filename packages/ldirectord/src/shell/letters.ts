/** `emailalert`: a letter for each change of a real server's or fallback's entry, and reminders of what stays out. */
import { type Clock, drive, type Millis, seconds } from "@systole/machine";
import type { LdirectordConfig } from "../config/ldirectord-cf.js";
import type { AlertState, SmtpServer } from "../config/mail.js";
import type { ServiceConfig } from "../core/configured.js";
import type { Planned } from "../core/director-state.js";
import {
  noReminders,
  type RemindersAction,
  type RemindersEvent,
  type RemindersState,
  remindersMachine,
} from "../core/reminders.js";
import * as lines from "../log-lines.js";

export interface Letter {
  readonly to: readonly string[];
  readonly from?: string;
  readonly subject: string;
  readonly text: string;
}

export interface LettersParts {
  readonly clock: Clock;
  readonly node: string;
  /** Takes the letter on its way, without waiting. `smtp`: the server that the file names for it. */
  readonly send: (letter: Letter, smtp: SmtpServer | undefined) => void;
  /** Hears `emailalert: TEXT` for each letter. */
  readonly logLine: (line: string) => void;
  /** An operator took this one out: nobody needs to be reminded. */
  readonly isByHand: (service: string, real: string) => boolean;
}

export interface Letters {
  configure(config: LdirectordConfig): void;
  state(now: AlertState): void;
  /** A change of a real server's or fallback's entry that was made, and its line in the log. */
  changed(planned: Planned, line: string): void;
  stop(): void;
}

export function createLetters({ clock, node, send, logLine, isByHand }: LettersParts): Letters {
  let config: LdirectordConfig | undefined;
  let state: AlertState = "starting";
  const reminders = drive<RemindersState, RemindersEvent, RemindersAction>(
    remindersMachine,
    noReminders,
    clock,
    ({ service, real }) => {
      if (!isByHand(service.key, real.key)) mail(service, lines.inaccessibleReal(service, real));
    },
  );

  function mail(service: ServiceConfig, line: string): void {
    const settings = settingsOf(config, service);
    const globals = config?.globals;
    const to = addresses(settings?.emailAlert ?? globals?.emailAlert ?? "");
    if (globals === undefined || to.length === 0) return;
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
    const from = globals.emailAlertFrom;
    send({ to, ...(from === undefined ? {} : { from }), subject, text }, settings?.smtp ?? globals.smtp);
  }

  return {
    configure(next) {
      config = next;
      reminders.feed({
        type: "configure",
        services: next.virtuals.map(({ service }) => service),
        periods: periodsOf(next),
      });
    },
    state(now) {
      state = now;
    },
    changed(planned, line) {
      const { service, purpose } = planned;
      mail(service, line);
      if (purpose.kind === "real")
        reminders.feed({ type: purpose.up ? "back" : "out", service, real: purpose.real });
    },
    stop: () => reminders.stop(),
  };
}

const addresses = (text: string): readonly string[] =>
  text
    .split(",")
    .map((address) => address.trim())
    .filter(Boolean);

const settingsOf = (config: LdirectordConfig | undefined, { key }: ServiceConfig) =>
  config?.virtuals.find(({ service }) => service.key === key)?.settings;

function periodsOf({ virtuals, globals }: LdirectordConfig): ReadonlyMap<string, Millis> {
  return new Map(
    virtuals
      .map(
        ({ service, settings }) =>
          [service.key, settings.emailAlertFrequency ?? globals.emailAlertFrequency] as const,
      )
      .filter(([, frequency]) => frequency > 0)
      .map(([key, frequency]) => [key, seconds(frequency)]),
  );
}
