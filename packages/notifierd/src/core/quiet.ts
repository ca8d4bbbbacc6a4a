/**
 * What is told, and what is only counted: silences first, then flaps.
 *
 *   event --a silence covers it--> muted, told as one of so many when the silence ends
 *         --it flaps-------------> muted, told as one of so many when it is calm; VIPs go with their groups
 *         --otherwise------------> told
 */
import { earliest, type Machine, type Millis, milliseconds, plus, type Step } from "@systole/machine";
import type { ClusterEvent, Fact, Severity } from "../types.js";
import { concerns } from "./concern.js";
import { meaning, OWNER } from "./facts.js";
import { calmAt, changed, type FlapAction, type Flaps, type FlapTiming, settled } from "./flaps.js";
import {
  type Ended,
  ended,
  muted,
  SILENCE_LIMIT,
  type Silence,
  type Silences,
  silenceEnds,
} from "./silences.js";

export interface Quiet {
  readonly flaps: Flaps;
  readonly silences: Silences;
}

export const NOTHING_QUIET: Quiet = { flaps: new Map(), silences: new Map() };

export type QuietEvent =
  /** `wanted`: somebody would be told of it. */
  | { readonly type: "event"; readonly event: ClusterEvent; readonly wanted: boolean }
  | {
      readonly type: "silence";
      readonly silence: Pick<Silence, "id" | "pattern" | "by" | "why">;
      readonly length: Millis;
    }
  | { readonly type: "end-silence"; readonly id: string };

export type QuietAction =
  /** The event that was fed is not told; it is counted. */
  { readonly type: "mute" } | { readonly type: "publish"; readonly severity: Severity; readonly fact: Fact };

type Made = Step<Quiet, QuietAction>;

export function quietMachine(timing: FlapTiming): Machine<Quiet, QuietEvent, QuietAction> {
  return {
    step(state, event, now) {
      switch (event.type) {
        case "tick": {
          const flaps = settled(state.flaps, now, timing);
          const silences = ended(state.silences, now);
          return {
            state: { flaps: flaps.state, silences: silences.state },
            actions: [...flaps.actions.flatMap((one) => told(one, timing)), ...silences.actions.map(summary)],
          };
        }
        case "event":
          return heard(state, event.event, event.wanted);
        case "silence": {
          if (state.silences.size >= SILENCE_LIMIT) return { state, actions: [] };
          const { id, pattern, by, why } = event.silence;
          const silence = { ...event.silence, until: plus(now, event.length) };
          const kept: Silence = { ...silence, untold: 0, lines: [], troubles: [] };
          const fact = { kind: "silence.started", id, pattern, by, why, forMs: event.length } as const;
          const silences = new Map(state.silences).set(id, kept);
          return { state: { ...state, silences }, actions: [{ type: "publish", severity: "info", fact }] };
        }
        case "end-silence": {
          const { state: silences, actions } = ended(state.silences, now, event.id);
          return { state: { ...state, silences }, actions: actions.map(summary) };
        }
      }
      function heard(before: Quiet, one: ClusterEvent, wanted: boolean): Made {
        const { trouble, changes, text } = meaning(one.fact);
        const stamp = new Date(one.atMs).toISOString().slice(0, 19);
        const untold = { line: wanted ? `${stamp}Z ${one.node} ${one.daemon}: ${text}` : undefined };
        const about = trouble === undefined ? {} : { trouble: { what: trouble.what, phase: trouble.phase } };
        const silences = muted(before.silences, (pattern) => concerns(one, pattern), { ...untold, ...about });
        if (silences !== undefined) return { state: { ...before, silences }, actions: [{ type: "mute" }] };
        const change = trouble === undefined ? changes : { ...trouble, down: trouble.phase === "begins" };
        if (change === undefined)
          return { state: before, actions: goesWith(one, before.flaps) ? [{ type: "mute" }] : [] };
        const { state: flaps, actions } = changed(before.flaps, change, now, timing);
        return { state: { ...before, flaps }, actions: actions.flatMap((action) => told(action, timing)) };
      }
    },
    nextDeadline: ({ flaps, silences }) => earliest([calmAt(flaps, timing), silenceEnds(silences)]),
  };
}

/** A VIP comes and goes with its group: while some group flaps, that is all there is to tell. */
const goesWith = ({ fact }: ClusterEvent, flaps: Flaps): boolean =>
  (fact.kind === "vip.up" || fact.kind === "vip.down") &&
  [...flaps].some(([key, { flapping }]) => key.startsWith(OWNER) && flapping !== undefined);

function told(action: FlapAction, { window }: FlapTiming): readonly QuietAction[] {
  if (action.type === "mute") return [action];
  const { key: trouble, flap } = action;
  const { what, longestDownMs } = flap;
  const down = flap.downSince !== undefined;
  if (action.type === "flapping") {
    const withinMs = milliseconds(window);
    const fact = {
      kind: "flapping.started",
      trouble,
      what,
      changes: action.changes,
      withinMs,
      down,
    } as const;
    return [{ type: "publish", severity: "warning", fact }];
  }
  const changes = flap.flapping?.count ?? 0;
  const lasted = { lastedMs: action.lastedMs, longestDownMs };
  const fact = { kind: "flapping.ended", trouble, what, changes, ...lasted, down } as const;
  return [{ type: "publish", severity: down ? "warning" : "notice", fact }];
}

/** A silence in which nothing happened ends in silence. */
function summary({ silence }: Ended): QuietAction {
  const { id, pattern, by, why, untold, lines, troubles } = silence;
  const fact = { kind: "silence.ended", id, pattern, by, why, untold, lines, troubles } as const;
  const severity = troubles.length > 0 ? "warning" : untold > 0 ? "notice" : "info";
  return { type: "publish", severity, fact };
}
