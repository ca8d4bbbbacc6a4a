/**
 * `emailalertfreq`: which real servers are still out, and when somebody is to be reminded of one.
 *
 *   in --taken out--> out, due after the period --due--> out, due after another period --back, no longer wanted--> in
 *
 * The period counts from the moment at which it was taken out, whether that was mailed or not.
 */
import { earliest, type Instant, type Machine, type Millis, plus } from "@systole/machine";
import type { RealConfig, ServiceConfig } from "./configured.js";

export interface Reminder {
  readonly service: ServiceConfig;
  readonly real: RealConfig;
}

interface Waiting extends Reminder {
  readonly since: Instant;
  /** Undefined while nobody wants to be reminded. */
  readonly dueAt: Instant | undefined;
}

export interface RemindersState {
  /** By service key; services that nobody is reminded of are missing. */
  readonly periods: ReadonlyMap<string, Millis>;
  readonly waiting: ReadonlyMap<string, Waiting>;
}

export type RemindersEvent =
  /** A configuration: the real servers that it does not have are forgotten. */
  | {
      readonly type: "configure";
      readonly periods: ReadonlyMap<string, Millis>;
      readonly has: (reminder: Reminder) => boolean;
    }
  | ({ readonly type: "out" | "back" } & Reminder);

export type RemindersAction = { readonly type: "remind" } & Reminder;

export const noReminders: RemindersState = { periods: new Map(), waiting: new Map() };

const keyOf = ({ service, real }: Reminder): string => `${service.key} ${real.key}`;

export const remindersMachine: Machine<RemindersState, RemindersEvent, RemindersAction> = {
  step(state, event, now) {
    switch (event.type) {
      case "configure": {
        const kept = [...state.waiting].filter(([, each]) => event.has(each));
        const waiting = new Map(kept.map(([key, each]) => [key, scheduled(each, event.periods, each.since)]));
        return { state: { periods: event.periods, waiting }, actions: [] };
      }
      case "out": {
        const { service, real } = event;
        const one = scheduled({ service, real, since: now, dueAt: undefined }, state.periods, now);
        return { state: { ...state, waiting: new Map(state.waiting).set(keyOf(event), one) }, actions: [] };
      }
      case "back": {
        const waiting = new Map(state.waiting);
        waiting.delete(keyOf(event));
        return { state: { ...state, waiting }, actions: [] };
      }
      case "tick":
        return tick(state, now);
    }
  },
  nextDeadline: ({ waiting }) => earliest([...waiting.values()].map(({ dueAt }) => dueAt)),
};

function scheduled(one: Waiting, periods: RemindersState["periods"], from: Instant): Waiting {
  const period = periods.get(one.service.key);
  return { ...one, dueAt: period === undefined ? undefined : plus(from, period) };
}

function tick(state: RemindersState, now: Instant) {
  const actions: RemindersAction[] = [];
  const waiting = new Map(state.waiting);
  for (const [key, one] of state.waiting) {
    if (one.dueAt === undefined || one.dueAt > now) continue;
    actions.push({ type: "remind", service: one.service, real: one.real });
    waiting.set(key, scheduled(one, state.periods, now));
  }
  return { state: { ...state, waiting }, actions };
}
