/**
 * What we say: the status with its leases, and the report of what we hold.
 *
 * A status leaves every keepalive and at the end of every turn that changed a claim. The leases of our VIPs are renewed
 * in the same turn, right after it, so that no lease outlives our last word: the simulation found the other order
 * wrong, for a process that is frozen between the two. And a renewal must not outlive the deadtime of the status
 * before: after a long turn we only speak, and renew with the next status, 50 ms later.
 *
 * A status that claims something is void once we have been silent for so long that we start over: a frozen owner's late
 * word would take its groups back.
 */
import { type Instant, milliseconds, plus, seconds } from "@systole/machine";
import { countStatus } from "../wire/sequence.js";
import { soon } from "./lease.js";
import type { GroupClaim, GroupKey, HoldSet, NodeState, OwnFacts } from "./message.js";
import { claimOf, holds } from "./ownership.js";
import {
  announcedDeadtime,
  type ClusterState,
  leftToOthers,
  mayRenew,
  type Peer,
  wordVoidAt,
} from "./state.js";
import { act, change, note, send, type Turn } from "./turn.js";

/** How often we ask whether a silent peer answers for what we have. */
const ASK_OWN = seconds(1);

/** Says what is due at the end of a turn. */
export function speak(turn: Turn): void {
  const { life } = turn.state;
  if (life === "storing" || life === "gone") return;
  if (life === "operational") report(turn, false);
  if (turn.speak || turn.now >= turn.state.nextStatusAt) sayStatus(turn);
}

/** One status, then the leases. */
export function sayStatus(turn: Turn): void {
  const { state, now } = turn;
  const { keepalive, lease } = state.settings;
  const inTime = mayRenew(state, now);
  const groups = held(state);
  const sent = countStatus(state.sent, now);
  if (now >= state.nextStatusAt && state.pings.size > 0) act(turn, { type: "ping" });
  if (now >= state.nextStatusAt) askForVips(turn);
  change(turn, {
    sent,
    nextStatusAt: plus(now, inTime || groups.length === 0 ? keepalive : soon(state.settings)),
  });
  turn.speak = false;
  const ours = ownFacts(state);
  const until = ours.claims.some(isOwners) ? wordVoidAt(state) : undefined;
  act(turn, {
    type: "send",
    generation: state.generation,
    sequence: sent.last,
    ...(until !== undefined && { until }),
    message: {
      type: "status",
      state: ownState(state),
      deadtime: announcedDeadtime(state),
      protocol: 1,
      ours,
    },
  });
  if (inTime && lease !== undefined && groups.length > 0) {
    act(turn, { type: "renew", groups, until: plus(now, soon(state.settings)) });
  }
}

/** Which of our VIPs others answer for: of what we left to one, and while a peer is silent, of what we have. */
function askForVips(turn: Turn): void {
  const { state, now } = turn;
  const { macs } = state.settings;
  const waited = state.ownAskedAt === undefined || now >= plus(state.ownAskedAt, ASK_OWN);
  const own = macs !== undefined && waited && [...state.peers.values()].some(isSilent) ? held(state) : [];
  if (own.length > 0) change(turn, { ownAskedAt: now });
  const groups = [...leftToOthers(state, now), ...own];
  if (groups.length > 0) act(turn, { type: "ask-for-vips", groups });
}

/** It may have what we have: a claim that came once may have been lost. */
const isSilent = ({ liveness, leftIn, reception }: Peer): boolean =>
  liveness.kind === "dead" && (leftIn === undefined || leftIn !== reception.generation);

/** `init` in the first status of a life, `active` once all peers were heard or are dead. */
function ownState(state: ClusterState): NodeState {
  if (state.life === "operational") return "active";
  return state.sent.last === 0 ? "init" : "up";
}

function ownFacts(state: ClusterState): OwnFacts {
  const heard = [...state.peers.values()].flatMap(({ node, reception }) =>
    reception.generation === undefined
      ? []
      : [{ node, generation: reception.generation, sequence: reception.last }],
  );
  const claims = [...state.groups]
    .map(([key, group]) => claimOf(key, group.ownership))
    .filter((claim): claim is GroupClaim => claim !== undefined);
  const { digest, macs } = state.settings;
  const lease = state.settings.lease?.length ?? milliseconds(0);
  return {
    heard,
    claims,
    leaving: state.leaving || state.settings.ownsNothing === true,
    lease,
    ...(digest !== undefined && { configuration: digest }),
    ...(macs !== undefined && { macs }),
  };
}

/** Whoever hears it and has the group, too, yields or tells the sender to. */
const isOwners = ({ state }: GroupClaim): boolean => state === "starting" || state === "running";

/** The groups whose VIPs may be up by our will. */
export const held = (state: ClusterState): GroupKey[] =>
  [...state.groups].filter(([, group]) => holds(group.ownership)).map(([key]) => key);

/** Sends a `resource` report if it changed, or if somebody asked. In auto_failback legacy nobody does. */
export function report(turn: Turn, asked: boolean): void {
  const { state } = turn;
  if (state.settings.autoFailback === "legacy") return; // there are no such words in it
  const now = { holds: holdSet(state, turn.now), stable: isStable(state, turn.now) };
  const before = state.reported;
  if (!asked && before?.holds === now.holds && before.stable === now.stable) return;
  change(turn, { reported: now });
  const info = state.leaving ? { info: "shutdown" } : {};
  send(turn, { type: "resource", ...now, ...info });
  if (now.stable && before?.stable !== true) note(turn, { kind: "local-transition-completed" });
}

/** What we hold in words of two nodes. A node that prefers nothing says `local` once it has settled. */
export function holdSet(state: ClusterState, now: Instant): HoldSet {
  if (state.leaving) return "none";
  const { settings } = state;
  const ours = new Set(held(state));
  const preferring = settings.groups.filter((group) => group.preferred === settings.local);
  const settled = state.life === "operational" && !waits(state, now);
  const local = preferring.length === 0 ? settled : preferring.some((group) => ours.has(group.key));
  const foreign = settings.groups.some((group) => group.preferred !== settings.local && ours.has(group.key));
  if (local) return foreign ? "all" : "local";
  return foreign ? "foreign" : "none";
}

/** Nothing moves here, and we do not wait either. */
export function isStable(state: ClusterState, now: Instant): boolean {
  if (state.life !== "operational" || state.leaving || waits(state, now)) return false;
  return ![...state.groups.values()].some(({ ownership }) => ownership.kind === "stopping");
}

/** A real heartbeat and we have started together: until one of us is stable it may take what we leave. */
function waits(state: ClusterState, now: Instant): boolean {
  if (state.reported?.stable === true || state.settings.autoFailback === "legacy") return false;
  return [...state.peers.values()].some(({ said, liveness, dialogue }) => {
    if (said.ours !== false || liveness.kind !== "alive" || dialogue.stable) return false;
    return dialogue.bothStartingUntil === undefined || now < dialogue.bothStartingUntil;
  });
}
