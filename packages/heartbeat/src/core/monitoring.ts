/**
 * Do the resources of a group that runs here still run? Asked at an interval, where ha.cf wants it.
 *
 *   idle --it runs here--> waiting --interval--> asked --all run--> waiting
 *                             ^                    |--one is down--> restarting --done--> waiting
 *                             '--it did not go-----'--too often----> moving --it goes--> idle
 *
 * A resource that is found stopped is down at once; one whose status cannot be had, only the third time in succession.
 * It is started again three times in ten minutes. The fourth time, or when it does not start, the group goes to another
 * node, if one can take it; but no more than once an hour. So two nodes on which a group does not stay up pass it on
 * twice an hour at most, whatever brings it back. What cannot go is started again each half minute.
 */
import { type Instant, type Machine, type Millis, plus, type Step, seconds } from "@systole/machine";
import { type Consequence, countUnknown, type Finding, isDown, type News, news } from "./finding.js";
import type { NodeName } from "./message.js";

export interface MonitorSettings {
  /** From one answer to the next question. */
  readonly interval: Millis;
  /** What follows when a resource is down. */
  readonly policy: "restart" | "move" | "tell";
}

export interface Monitoring {
  readonly phase:
    | { readonly kind: "idle" | "asked" | "restarting" }
    | { readonly kind: "waiting"; readonly askAt: Instant }
    | { readonly kind: "moving"; readonly until: Instant };
  /** Counts questions and restarts, so that an answer to a former one is known as such. */
  readonly round: number;
  /** When resources were last started again, the oldest first. */
  readonly restarts: readonly Instant[];
  /** When the group last had to go to another node; this outlives its stay here. */
  readonly movedAt: Instant | undefined;
  /** How often in succession the status of a resource could not be had. */
  readonly unknown: ReadonlyMap<string, number>;
  /** What is down, and what was told to follow from it. */
  readonly down: ReadonlyMap<string, Consequence>;
}

interface Answer {
  readonly round: number;
  /** Who can take the group now. */
  readonly receiver: NodeName | undefined;
}

export type MonitoringEvent =
  | { readonly type: "runs-here" }
  /** Nothing was found where nobody could ask. */
  | (Answer & { readonly type: "found"; readonly findings: readonly Finding[] })
  | (Answer & { readonly type: "restarted"; readonly failed: RestartFailure | undefined });

export interface RestartFailure {
  readonly resource: string;
  readonly problem: string;
}

export type MonitoringAction =
  | { readonly type: "ask"; readonly round: number }
  | { readonly type: "restart"; readonly round: number; readonly resources: readonly string[] }
  | { readonly type: "move"; readonly to: NodeName; readonly resource: string }
  | News
  | ({ readonly type: "tell-failed" } & RestartFailure);

const MOST_RESTARTS = 3;
const RESTART_PERIOD = seconds(600);
/** How often a resource is started again whose group cannot go. */
const RETRY = seconds(30);
const MOVE_PERIOD = seconds(3600);
/** A real heartbeat answers an offer within ten seconds, or not at all. */
const MOVE_LIMIT = seconds(15);

export const NOT_MONITORED: Monitoring = {
  phase: { kind: "idle" },
  round: 0,
  restarts: [],
  movedAt: undefined,
  unknown: new Map(),
  down: new Map(),
};

type Stepped = Step<Monitoring, MonitoringAction>;

export function monitoringMachine(
  settings: MonitorSettings,
): Machine<Monitoring, MonitoringEvent, MonitoringAction> {
  const { interval, policy } = settings;
  const waiting = (state: Monitoring, now: Instant): Monitoring => ({
    ...state,
    phase: { kind: "waiting", askAt: plus(now, interval) },
  });

  return {
    step(state, event, now): Stepped {
      const { kind } = state.phase;
      switch (event.type) {
        case "runs-here":
          return { state: kind === "idle" ? waiting(state, now) : state, actions: [] };
        case "found":
          return kind === "asked" && event.round === state.round ? found(state, event, now) : stay(state);
        case "restarted":
          return kind === "restarting" && event.round === state.round
            ? restarted(state, event, now)
            : stay(state);
        case "tick":
          return tick(state, now);
      }
    },
    nextDeadline: ({ phase }) =>
      phase.kind === "waiting" ? phase.askAt : phase.kind === "moving" ? phase.until : undefined,
  };

  function tick(state: Monitoring, now: Instant): Stepped {
    const { phase } = state;
    if (phase.kind === "moving" && now >= phase.until) return { state: waiting(state, now), actions: [] };
    if (phase.kind !== "waiting" || now < phase.askAt) return stay(state);
    const round = state.round + 1;
    return { state: { ...state, round, phase: { kind: "asked" } }, actions: [{ type: "ask", round }] };
  }

  function found(before: Monitoring, { findings, receiver }: EventOf<"found">, now: Instant): Stepped {
    if (findings.length === 0) return { state: waiting(before, now), actions: [] };
    const unknown = countUnknown(before.unknown, findings);
    const consequence = consequenceOf(before, receiver, now);
    const { down, told } = news({ findings, unknown, down: before.down, consequence });
    const grave = findings.filter((one) => one.optional !== true && isDown(one, unknown));
    const resources = grave.map(({ resource }) => resource);
    const then = follow({ ...before, unknown, down }, resources, { consequence, receiver }, now);
    return { state: then.state, actions: [...told, ...then.actions] };
  }

  function consequenceOf(state: Monitoring, receiver: NodeName | undefined, now: Instant): Consequence {
    if (policy === "tell") return "told";
    const lately = state.restarts.filter((at) => now < plus(at, RESTART_PERIOD));
    const usedUp = lately.length >= MOST_RESTARTS;
    if ((usedUp || policy === "move") && mayMove(state, receiver, now)) return "moves";
    return usedUp ? "stays" : "restarts";
  }

  function follow(
    state: Monitoring,
    grave: readonly string[],
    { consequence, receiver }: { consequence: Consequence; receiver: NodeName | undefined },
    now: Instant,
  ): Stepped {
    const [resource] = grave;
    const last = state.restarts.at(-1);
    const tooSoon = consequence === "stays" && last !== undefined && now < plus(last, RETRY);
    if (resource === undefined || consequence === "told" || tooSoon)
      return { state: waiting(state, now), actions: [] };
    if (consequence === "moves" && receiver !== undefined) return move(state, resource, receiver, now);
    const round = state.round + 1;
    const restarts = [...state.restarts, now].slice(-MOST_RESTARTS);
    return {
      state: { ...state, round, restarts, unknown: new Map(), phase: { kind: "restarting" } },
      actions: [{ type: "restart", round, resources: grave }],
    };
  }

  function restarted(before: Monitoring, { failed, receiver }: EventOf<"restarted">, now: Instant): Stepped {
    // The pause before the next one counts from its end.
    const state = { ...before, restarts: [...before.restarts.slice(0, -1), now] };
    if (failed === undefined) return { state: waiting(state, now), actions: [] };
    const told: MonitoringAction = { type: "tell-failed", ...failed };
    if (receiver === undefined || !mayMove(state, receiver, now))
      return { state: waiting(state, now), actions: [told] };
    const moved = move(state, failed.resource, receiver, now);
    return { state: moved.state, actions: [told, ...moved.actions] };
  }
}

type EventOf<Type extends MonitoringEvent["type"]> = Extract<MonitoringEvent, { type: Type }>;

const stay = (state: Monitoring): Stepped => ({ state, actions: [] });

/** The group does not run here any more, or nobody wants to know. */
export const unwatched = (state: Monitoring): Stepped => ({
  state: { ...NOT_MONITORED, round: state.round, movedAt: state.movedAt },
  actions: [...state.down.keys()].map((resource) => ({ type: "tell-up", resource, again: false })),
});

const mayMove = ({ movedAt }: Monitoring, receiver: NodeName | undefined, now: Instant): boolean =>
  receiver !== undefined && (movedAt === undefined || now >= plus(movedAt, MOVE_PERIOD));

const move = (state: Monitoring, resource: string, to: NodeName, now: Instant): Stepped => ({
  state: { ...state, movedAt: now, phase: { kind: "moving", until: plus(now, MOVE_LIMIT) } },
  actions: [{ type: "move", to, resource }],
});
