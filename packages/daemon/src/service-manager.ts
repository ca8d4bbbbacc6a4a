/**
 * What the service manager is told: `sd_notify(3)`, datagrams to `$NOTIFY_SOCKET`.
 *
 * The watchdog is fed from the event loop and nowhere else: a loop that stands still shall be noticed.
 */
import { type Clock, milliseconds, plus } from "@systole/machine";
import type { SendDatagram } from "./sinks/syslog.js";

export interface ServiceManager {
  ready(status: string): void;
  status(text: string): void;
  reloading(): void;
  /** Ready again, with the status as it was. */
  reloaded(): void;
  stopping(): void;
  close(): void;
}

export interface ServiceManagerParts {
  readonly environment: Readonly<Record<string, string | undefined>>;
  readonly pid: number;
  readonly clock: Clock;
  readonly send: SendDatagram;
  /** CLOCK_MONOTONIC in microseconds, as the service manager counts. */
  readonly monotonicUs: () => bigint;
}

/** Half of the limit, as sd_watchdog_enabled(3) advises; undefined if no watchdog is set for this process. */
export function watchdogPeriodMs(
  environment: ServiceManagerParts["environment"],
  pid: number,
): number | undefined {
  const { WATCHDOG_USEC: limit, WATCHDOG_PID: of } = environment;
  if (limit === undefined || !/^[1-9]\d*$/.test(limit)) return undefined;
  if (of !== undefined && of !== String(pid)) return undefined;
  return Number(limit) / 1000 / 2;
}

/** One line, short enough for `systemctl status`. */
const oneLine = (text: string): string => text.replaceAll(/[\r\n]+/g, " ").slice(0, 500);

export function createServiceManager(parts: ServiceManagerParts): ServiceManager {
  const { environment, pid, clock, send, monotonicUs } = parts;
  const socket = environment.NOTIFY_SOCKET;
  const period = watchdogPeriodMs(environment, pid);
  let calledOff: (() => void) | undefined;

  function tell(...assignments: string[]): void {
    if (socket === undefined || socket === "") return;
    try {
      send(socket, Buffer.from(assignments.join("\n"), "utf8"));
    } catch {
      // the service manager restarts and asks again; a daemon does not fail for it
    }
  }

  function feed(): void {
    if (period === undefined) return;
    tell("WATCHDOG=1");
    calledOff = clock.at(plus(clock.now(), milliseconds(period)), feed);
  }

  return {
    ready(status) {
      tell("READY=1", `STATUS=${oneLine(status)}`);
      if (calledOff === undefined) feed();
    },
    status: (text) => tell(`STATUS=${oneLine(text)}`),
    reloaded: () => tell("READY=1"),
    reloading: () => tell("RELOADING=1", `MONOTONIC_USEC=${monotonicUs()}`),
    stopping: () => tell("STOPPING=1", "STATUS=stopping"),
    close() {
      calledOff?.();
      calledOff = undefined;
    },
  };
}
