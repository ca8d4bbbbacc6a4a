/** Asks the quiet core about each event, and keeps what it counts in the spool: a restart does not make noise. */
import type { Logger } from "@systole/daemon";
import {
  type Clock,
  type Instant,
  instant,
  type Millis,
  milliseconds,
  plus,
  type Step,
  seconds,
} from "@systole/machine";
import type { FlapTiming } from "../core/flaps.js";
import { type Quiet, type QuietAction, type QuietEvent, quietMachine } from "../core/quiet.js";
import { quietOf, recordOf } from "../core/quiet-record.js";
import { SILENCE_LIMIT, type Silence } from "../core/silences.js";
import type { ClusterEvent, Fact, Severity } from "../types.js";
import type { Spool } from "./spool.js";

export interface QuietKeeperParts {
  readonly clock: Clock;
  readonly wallClock: () => number;
  readonly log: Logger;
  readonly spool: Spool;
  readonly timing: FlapTiming;
  readonly publish: (severity: Severity, fact: Fact) => void;
  /** Writes that may have to wait for the disk. */
  readonly persist: (what: string, work: () => void) => void;
}

export interface QuietKeeper {
  /**
   * @param keep makes the event safe if it is to be told; when it throws, the event was not heard
   * @returns whether it is told
   */
  hear(event: ClusterEvent, wanted: boolean, keep: () => void): boolean;
  silence(silence: Pick<Silence, "id" | "pattern" | "by" | "why">, length: Millis): boolean;
  /** Ends one by hand; false if there is none. */
  unsilence(id: string): boolean;
  silences(): readonly (Silence & { readonly leftMs: number })[];
  flapping(): readonly string[];
  configure(timing: FlapTiming): void;
  stop(): void;
}

const SAVED_EVERY = seconds(1);
/** Later than any daemon of this node tells its events while we listen. */
const LATE_MS = 60_000;

export function openQuietKeeper(parts: QuietKeeperParts): QuietKeeper {
  const { clock, wallClock, spool, publish, persist } = parts;
  const epochMs = wallClock() - clock.now();
  let machine = quietMachine(parts.timing);
  const record = spool.quiet();
  let state: Quiet =
    record === undefined ? { flaps: new Map(), silences: new Map() } : quietOf(record, epochMs);
  let disarm: (() => void) | undefined;
  let waiting = false;
  let callOff: (() => void) | undefined;
  arm();

  function arm(): void {
    disarm?.();
    const due = machine.nextDeadline(state);
    disarm = due === undefined ? undefined : clock.at(due, () => feed({ type: "tick" }));
  }

  function feed(event: Parameters<typeof machine.step>[1]): void {
    accept(machine.step(state, event, clock.now()));
  }

  function accept(step: Step<Quiet, QuietAction>): void {
    const changed = state !== step.state;
    state = step.state;
    if (changed && step.actions.some(({ type }) => type === "publish")) save();
    else if (changed) saveSoon();
    for (const action of step.actions) if (action.type === "publish") publish(action.severity, action.fact);
    arm();
  }

  /** What is only one more of the same need not be on the disk at once: a crash costs a second of counting. */
  function saveSoon(): void {
    callOff ??= clock.at(plus(clock.now(), SAVED_EVERY), save);
  }

  /** While the disk is full one write waits, not one for each event. */
  function save(): void {
    callOff?.();
    callOff = undefined;
    if (waiting) return;
    waiting = true;
    persist("keep what is quiet", () => {
      spool.putQuiet(recordOf(state, epochMs));
      waiting = false;
    });
  }

  /** What waited while we were away is judged by when it happened: three changes in an hour are no flapping. */
  function happenedAt({ atMs }: ClusterEvent): Instant {
    const lateMs = wallClock() - atMs;
    return lateMs > LATE_MS ? instant(clock.now() - lateMs) : clock.now();
  }

  return {
    hear(event, wanted, keep) {
      const fed: QuietEvent = { type: "event", event, wanted };
      const step = machine.step(state, fed, happenedAt(event));
      const told = !step.actions.some(({ type }) => type === "mute");
      if (told) keep();
      accept(step);
      return told;
    },
    silence(silence, length) {
      if (state.silences.size >= SILENCE_LIMIT) return false;
      feed({ type: "silence", silence, length });
      return true;
    },
    unsilence(id) {
      const known = state.silences.has(id);
      if (known) feed({ type: "end-silence", id });
      return known;
    },
    silences: () =>
      [...state.silences.values()].map((one) => ({
        ...one,
        leftMs: Math.max(0, milliseconds(one.until - clock.now())),
      })),
    flapping: () =>
      [...state.flaps.values()].filter((one) => one.flapping !== undefined).map(({ what }) => what),
    configure(timing) {
      machine = quietMachine(timing);
      arm();
    },
    stop() {
      disarm?.();
      if (callOff !== undefined) save();
    },
  };
}
