/**
 * `emailalertfreq`: which real servers are still out, and when somebody is to be reminded of one.
 *
 *   in --taken out--> out, due after the period --due--> out, due after another period --back, no longer wanted--> in
 *
 * The period counts from the moment at which it was taken out, whether that was mailed or not. Each real server is a
 * machine of its own: at the start all of them go out, and come back one by one.
 */
import { combine, type Instant, type Machine, type Members, type Millis, plus } from "@systole/machine";
import type { RealConfig, ServiceConfig } from "./configured.js";

export interface Reminder {
  readonly service: ServiceConfig;
  readonly real: RealConfig;
}

interface Watched extends Reminder {
  /** Undefined while nobody wants to be reminded. */
  readonly period: Millis | undefined;
  /** While it is out: the moment of that, or of the last reminder. */
  readonly from: Instant | undefined;
}

export type RemindersState = Members<string, Watched>;

export type RemindersEvent =
  /** A configuration: who is out stays out, and the real servers that it does not have are forgotten. */
  | {
      readonly type: "configure";
      readonly services: readonly ServiceConfig[];
      /** By service key; services that nobody is reminded of are missing. */
      readonly periods: ReadonlyMap<string, Millis>;
    }
  | ({ readonly type: "out" | "back" } & Reminder);

export type RemindersAction = { readonly type: "remind" } & Reminder;

const watched: Machine<Watched, { readonly type: "out" | "back" }, RemindersAction> = {
  step(state, event, now) {
    switch (event.type) {
      case "out":
        return { state: { ...state, from: now }, actions: [] };
      case "back":
        return { state: { ...state, from: undefined }, actions: [] };
      case "tick": {
        const dueAt = due(state);
        if (dueAt === undefined || dueAt > now) return { state, actions: [] };
        const { service, real } = state;
        return { state: { ...state, from: now }, actions: [{ type: "remind", service, real }] };
      }
    }
  },
  nextDeadline: due,
};

function due({ from, period }: Watched): Instant | undefined {
  return from === undefined || period === undefined ? undefined : plus(from, period);
}

const all = combine<string, Watched, { readonly type: "out" | "back" }, RemindersAction>(watched);

export const noReminders: RemindersState = all.of([]);

const keyOf = ({ service, real }: Reminder): string => `${service.key} ${real.key}`;

export const remindersMachine: Machine<RemindersState, RemindersEvent, RemindersAction> = {
  step(state, event, now) {
    switch (event.type) {
      case "configure":
        return { state: configured(state, event.services, event.periods), actions: [] };
      case "out":
      case "back":
        return plain(all.step(state, keyOf(event), event, now));
      case "tick":
        return plain(all.tick(state, now));
    }
  },
  nextDeadline: ({ deadline }) => deadline,
};

const plain = ({ state, actions }: ReturnType<typeof all.tick>) => ({
  state,
  actions: actions.map(({ action }) => action),
});

function configured(
  before: RemindersState,
  services: readonly ServiceConfig[],
  periods: ReadonlyMap<string, Millis>,
): RemindersState {
  const now = new Map<string, Watched>();
  for (const service of services) {
    for (const real of service.reals) {
      const key = keyOf({ service, real });
      now.set(key, { service, real, period: periods.get(service.key), from: before.get(key)?.from });
    }
  }
  return all.of(now);
}
