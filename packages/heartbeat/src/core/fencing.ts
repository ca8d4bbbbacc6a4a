/**
 * Is a dead peer really off? Without a device its silence must do; with one, only the device's word counts.
 *
 *   idle --dead, no device or not needed--> confirmed
 *   idle --dead, device--> asked --ok--> confirmed          asked --failed--> retry --5 s--> asked
 *   asked, retry --a person says that it is off--> confirmed          any --heard again--> idle
 */
import { type Instant, type Machine, plus, seconds } from "@systole/machine";

export type Fencing =
  | { readonly kind: "idle" }
  | { readonly kind: "asked" }
  | { readonly kind: "retry"; readonly at: Instant }
  | { readonly kind: "confirmed" };

export type FencingEvent =
  | { readonly type: "dead"; readonly device: boolean }
  | { readonly type: "answer"; readonly ok: boolean }
  /** A person says that it is off. */
  | { readonly type: "confirm" }
  | { readonly type: "heard" };

export type FencingAction = { readonly type: "fence" };

export const FENCE_RETRY = seconds(5);

const ask = { state: { kind: "asked" }, actions: [{ type: "fence" }] } as const;

export const fencingMachine: Machine<Fencing, FencingEvent, FencingAction> = {
  step(state, event, now) {
    switch (event.type) {
      case "dead":
        return event.device ? ask : { state: { kind: "confirmed" }, actions: [] };
      case "answer":
        if (state.kind !== "asked") return { state, actions: [] };
        return {
          state: event.ok ? { kind: "confirmed" } : { kind: "retry", at: plus(now, FENCE_RETRY) },
          actions: [],
        };
      case "confirm":
        return state.kind === "idle" ? { state, actions: [] } : { state: { kind: "confirmed" }, actions: [] };
      case "heard":
        return { state: { kind: "idle" }, actions: [] };
      case "tick":
        return state.kind === "retry" && now >= state.at ? ask : { state, actions: [] };
    }
  },
  nextDeadline: (state) => (state.kind === "retry" ? state.at : undefined),
};
