/**
 * The simulation must be able to fail: each rule taken away, one at a time, from outside the core (its events, its
 * actions, its state between two steps). Each must be found within so many schedules; README.md has the table.
 */
import type { ClusterState, CoreAction, CoreEvent, Message } from "@systole/heartbeat";
import { instant, type Millis, milliseconds, type Tick } from "@systole/machine";
import { type Core, type DirectorCore, type Mutation, play, type Reach, schedules } from "@systole/sim";
import fc from "fast-check";
import { expect, test } from "vitest";

type Status = Extract<Message, { type: "status" }>;
type Peer = ClusterState["peers"] extends ReadonlyMap<string, infer Value> ? Value : never;
type Heard = Extract<CoreEvent, { type: "message" }>;

const oneHealthy: Reach = { healthyMedia: 1, media: 2 };
const noneHealthy: Reach = { healthyMedia: 0, media: 2 };

/** The core with something done to the state before each step. */
const before =
  (change: (state: ClusterState, now: number) => ClusterState) =>
  (core: Core): Core => ({ ...core, step: (state, event, now) => core.step(change(state, now), event, now) });

/** The core with every heard message changed. */
const hearing =
  (change: (heard: Heard, state: ClusterState) => Heard) =>
  (core: Core): Core => ({
    ...core,
    step: (state, event: CoreEvent | Tick, now) =>
      core.step(state, event.type === "message" ? change(event, state) : event, now),
  });

/** The core with every heard status changed. */
const hearingStatus = (change: (status: Status, state: ClusterState) => Status) =>
  hearing((heard, state) =>
    heard.message.type === "status" ? { ...heard, message: change(heard.message, state) } : heard,
  );

const acting =
  (change: (action: CoreAction) => CoreAction) =>
  (core: Core): Core => ({
    ...core,
    step(state, event, now) {
      const step = core.step(state, event, now);
      return { state: step.state, actions: step.actions.map(change) };
    },
  });

/** The core that announces another deadtime than it goes by. */
const announcing =
  (deadtime: (announced: Millis, state: ClusterState) => Millis) =>
  (core: Core): Core => ({
    ...core,
    step(state, event, now) {
      const step = core.step(state, event, now);
      const actions = step.actions.map((action) =>
        action.type === "send" && action.message.type === "status"
          ? { ...action, message: { ...action.message, deadtime: deadtime(action.message.deadtime, state) } }
          : action,
      );
      return { state: step.state, actions };
    },
  });

const claims = (status: Status, keep: (state: string) => boolean): Status =>
  status.ours === undefined
    ? status
    : {
        ...status,
        ours: { ...status.ours, claims: status.ours.claims.filter((claim) => keep(claim.state)) },
      };

/** The claim that its sender has heard all that this node said, in its present life. */
const acknowledging = (status: Status, { settings, generation, sent }: ClusterState): Status =>
  status.ours === undefined
    ? status
    : {
        ...status,
        ours: { ...status.ours, heard: [{ node: settings.local, generation, sequence: sent.last }] },
      };

type Checked = Extract<Parameters<DirectorCore["step"]>[1], { type: "checked" }>;

/** ldirectord with every verdict changed. */
const checking =
  (change: (checked: Checked) => Checked) =>
  (core: DirectorCore): DirectorCore => ({
    ...core,
    step: (state, event, now) => core.step(state, event.type === "checked" ? change(event) : event, now),
  });

/** ldirectord that answers `activate` before it has looked at the table. */
const settledTooEarly =
  (core: DirectorCore): DirectorCore["step"] =>
  (state, event, now) => {
    const step = core.step(state, event, now);
    if (event.type !== "activate") return step;
    const settled = { type: "settled", request: event.request, problems: [] } as const;
    return { state: step.state, actions: [settled, ...step.actions] };
  };

const forgetInitdead = ([node, peer]: [string, Peer]): [string, Peer] => {
  const { liveness } = peer;
  return [node, liveness.kind === "alive" ? { ...peer, liveness: { ...liveness, deadAt: undefined } } : peer];
};

const half = (time: Millis): Millis => milliseconds(time / 2);

interface Mutant {
  readonly rule: string;
  readonly mutation: Mutation;
  readonly reach: Reach;
  readonly within: number;
}

test.each<Mutant>([
  {
    rule: "the kernel ends a VIP that is not renewed",
    mutation: { settings: (settings) => ({ ...settings, lease: undefined }) },
    reach: oneHealthy,
    within: 300,
  },
  {
    rule: "whoever was silent for one lease starts over",
    mutation: { core: before((state, now) => ({ ...state, lastSentAt: state.lastSentAt && instant(now) })) },
    reach: oneHealthy,
    within: 300,
  },
  {
    rule: "an acknowledgement must be of the present life",
    mutation: { core: hearingStatus(acknowledging) },
    reach: { ...oneHealthy, shuffled: true },
    within: 5000,
  },
  {
    rule: "a generation is on the disk before the first packet that carries it",
    mutation: { disk: () => 1000 },
    reach: oneHealthy,
    within: 300,
  },
  {
    rule: "what is older than the last is not believed",
    mutation: {
      core: hearing((heard, state) => {
        const last = state.peers.get(heard.header.from)?.reception.last ?? 0;
        return { ...heard, header: { ...heard.header, sequence: last + 1 } };
      }),
    },
    reach: oneHealthy,
    within: 5000,
  },
  {
    rule: "a deadtime is longer than the lease",
    mutation: { core: hearingStatus((status) => ({ ...status, deadtime: half(status.deadtime) })) },
    reach: oneHealthy,
    within: 300,
  },
  {
    rule: "a longer lease of a restart on purpose was announced as a longer deadtime",
    mutation: { core: announcing((_, { settings }) => settings.deadtime) },
    reach: oneHealthy,
    within: 5000,
  },
  {
    rule: "until a peer has heard us, initdead counts for it, too",
    mutation: {
      core: before((state) => ({ ...state, peers: new Map([...state.peers].map(forgetInitdead)) })),
    },
    reach: { ...oneHealthy, shuffled: true },
    within: 5000,
  },
  {
    rule: "a renewal that was decided before a freeze is not carried out after it",
    mutation: {
      core: acting((action) =>
        action.type === "renew" ? { ...action, until: instant(Number.POSITIVE_INFINITY) } : action,
      ),
    },
    reach: oneHealthy,
    within: 5000,
  },
  {
    rule: "a claim that was decided before a freeze is not sent after it",
    mutation: {
      core: acting((action) => {
        if (action.type !== "send") return action;
        const { until: _, ...whenever } = action;
        return whenever;
      }),
    },
    reach: oneHealthy,
    within: 300,
  },
  {
    rule: "of two owners after a partition one yields",
    mutation: {
      core: hearingStatus((status) => claims(status, (state) => state !== "running" && state !== "starting")),
    },
    reach: noneHealthy,
    within: 300,
  },
  {
    rule: "a group that is being started is taken",
    mutation: { core: hearingStatus((status) => claims(status, (state) => state !== "starting")) },
    reach: oneHealthy,
    within: 5000,
  },
  {
    rule: "a group is free only when it is stopped",
    mutation: { core: hearingStatus((status) => claims(status, (state) => state !== "stopping")) },
    reach: oneHealthy,
    within: 5000,
  },
  {
    rule: "a failed check counts",
    mutation: { director: checking((event) => ({ ...event, result: { up: true, message: "", tookMs: 1 } })) },
    reach: { ...oneHealthy, directors: true },
    within: 300,
  },
  {
    rule: "the VIP comes up after the table was applied",
    mutation: { director: (director) => ({ ...director, step: settledTooEarly(director) }) },
    reach: { ...oneHealthy, directors: true },
    within: 300,
  },
])(
  "found missing: $rule",
  ({ mutation, reach, within, rule }) => {
    const holds = fc.property(
      schedules(reach),
      (schedule) => play(schedule, mutation).violation === undefined,
    );
    const { failed, numRuns } = fc.check(holds, { numRuns: within, seed: 1, endOnFailure: true });
    if (process.env.SYSTOLE_MUTANTS === "print") process.stdout.write(`| ${rule} | ${numRuns} |\n`);
    expect(failed).toBe(true);
  },
  400_000,
);
