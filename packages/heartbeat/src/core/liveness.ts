/**
 * Is a peer alive? Judged only by when we last heard something new from it.
 *
 *   joining --heard--> alive --its deadtime--> dead        joining --deadAt--> dead
 *                        ^---------heard---------|
 *
 * The peer itself announces the deadtime by which it is to be judged. What we hear of it while we join may have been on
 * its way since before it announced a longer one, when we were not there to acknowledge that (restarting.ts): until
 * it has heard us, it is not dead before deadAt either. Silence of warntime reports, once, that a heartbeat is late. A
 * tick may come late: the driver has read the sockets before, so silence is what it seems.
 */
import { between, type Instant, type Machine, type Millis, plus } from "@systole/machine";

export type Liveness =
  | { readonly kind: "joining"; readonly since: Instant; readonly deadAt: Instant }
  | {
      readonly kind: "alive";
      readonly heardAt: Instant;
      readonly deadtime: Millis;
      readonly late: boolean;
      /** Set until it has heard us: not dead before. */
      readonly deadAt: Instant | undefined;
    }
  | { readonly kind: "dead"; readonly silent: Millis; readonly deadtime: Millis };

/** Something new of the peer. */
export interface LivenessEvent {
  readonly type: "heard";
  /** If it was a status. */
  readonly deadtime: Millis | undefined;
  /** It was said after our present life began, or by one whose deadtime never changes. */
  readonly fresh: boolean;
}

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
        state: { kind: "alive", heardAt: now, deadtime, late: false, deadAt: deadAt(state, event) },
        actions: state.kind === "alive" ? [] : [{ type: "report-alive", after }],
      };
    },
    nextDeadline(state) {
      switch (state.kind) {
        case "joining":
          return state.deadAt;
        case "alive":
          return state.late
            ? notBefore(state.deadAt, plus(state.heardAt, state.deadtime))
            : plus(state.heardAt, warnAfter(state.deadtime));
        case "dead":
          return undefined;
      }
    },
  };

  function deadAt(state: Liveness, { fresh }: LivenessEvent): Instant | undefined {
    return fresh || state.kind === "dead" ? undefined : state.deadAt;
  }

  function warnAfter(deadtime: Millis): Millis {
    return timing.warntime < deadtime ? timing.warntime : deadtime;
  }

  function tick(state: Liveness, now: Instant): { state: Liveness; actions: LivenessAction[] } {
    if (state.kind === "dead") return { state, actions: [] };
    const deadtime = state.kind === "alive" ? state.deadtime : timing.deadtime;
    const silent = between(state.kind === "alive" ? state.heardAt : state.since, now);
    const mayBeDead = state.deadAt === undefined || now >= state.deadAt;
    if (mayBeDead && (state.kind === "joining" || silent >= deadtime)) {
      return {
        state: { kind: "dead", silent, deadtime },
        actions: [{ type: "report-dead", silent, deadtime }],
      };
    }
    if (state.kind === "joining" || state.late || silent < warnAfter(deadtime)) return { state, actions: [] };
    return { state: { ...state, late: true }, actions: [{ type: "report-late", silent, deadtime }] };
  }
}

const notBefore = (deadAt: Instant | undefined, verdict: Instant): Instant =>
  deadAt !== undefined && deadAt > verdict ? deadAt : verdict;
