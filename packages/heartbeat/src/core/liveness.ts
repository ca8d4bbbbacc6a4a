/**
 * Is a peer alive? Judged only by when we last heard something new from it.
 *
 *   joining --heard--> alive --its deadtime--> dead        joining --deadAt--> dead
 *                        ^---------heard---------|
 *
 * The peer itself announces the deadtime by which it is to be judged. Silence of warntime reports, once, that a
 * heartbeat is late. A tick may come late: the driver has read the sockets before, so silence is what it seems.
 */
import { between, type Instant, type Machine, type Millis, plus } from "@systole/machine";

export type Liveness =
  | { readonly kind: "joining"; readonly since: Instant; readonly deadAt: Instant }
  | { readonly kind: "alive"; readonly heardAt: Instant; readonly deadtime: Millis; readonly late: boolean }
  | { readonly kind: "dead"; readonly silent: Millis; readonly deadtime: Millis };

/** Something new of the peer; `deadtime` if it was a status. */
export type LivenessEvent = { readonly type: "heard"; readonly deadtime: Millis | undefined };

export type LivenessAction =
  | { readonly type: "report-alive"; readonly after: "start" | "death" }
  | { readonly type: "report-late"; readonly silent: Millis; readonly deadtime: Millis }
  | { readonly type: "report-dead"; readonly silent: Millis; readonly deadtime: Millis };

export interface LivenessTiming {
  readonly warntime: Millis;
  /** Until the peer has announced its own. */
  readonly deadtime: Millis;
}

/** A peer not heard yet: dead if it stays silent until `deadAt`. */
export const joining = (since: Instant, deadAt: Instant): Liveness => ({ kind: "joining", since, deadAt });

export function livenessMachine(timing: LivenessTiming): Machine<Liveness, LivenessEvent, LivenessAction> {
  return {
    step(state, event, now) {
      if (event.type === "tick") return tick(state, now);
      const deadtime = event.deadtime ?? (state.kind === "joining" ? timing.deadtime : state.deadtime);
      const after = state.kind === "dead" ? "death" : "start";
      return {
        state: { kind: "alive", heardAt: now, deadtime, late: false },
        actions: state.kind === "alive" ? [] : [{ type: "report-alive", after }],
      };
    },
    nextDeadline(state) {
      switch (state.kind) {
        case "joining":
          return state.deadAt;
        case "alive":
          return plus(state.heardAt, state.late ? state.deadtime : warnAfter(state.deadtime));
        case "dead":
          return undefined;
      }
    },
  };

  function warnAfter(deadtime: Millis): Millis {
    return timing.warntime < deadtime ? timing.warntime : deadtime;
  }

  function tick(state: Liveness, now: Instant): { state: Liveness; actions: LivenessAction[] } {
    if (state.kind === "dead") return { state, actions: [] };
    const deadtime = state.kind === "alive" ? state.deadtime : timing.deadtime;
    const silent = between(state.kind === "alive" ? state.heardAt : state.since, now);
    const over = state.kind === "alive" ? silent >= deadtime : now >= state.deadAt;
    if (over) {
      return {
        state: { kind: "dead", silent, deadtime },
        actions: [{ type: "report-dead", silent, deadtime }],
      };
    }
    if (state.kind === "joining" || state.late || silent < warnAfter(deadtime)) return { state, actions: [] };
    return { state: { ...state, late: true }, actions: [{ type: "report-late", silent, deadtime }] };
  }
}
