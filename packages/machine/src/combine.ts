/** Many small machines of one kind as one: a peer each, a real server each. */
import type { Machine, Step, Tick } from "./machine.js";
import { earliest, type Instant } from "./time.js";

/** An action of one member, with its key. */
export interface Of<Key, Action> {
  readonly of: Key;
  readonly action: Action;
}

/** The members' states by key; replaced, never changed in place. */
export type Members<Key, State> = ReadonlyMap<Key, State>;

/** Feeds one member; an unknown key changes nothing. */
export function stepMember<Key, State, Event, Action>(
  machine: Machine<State, Event, Action>,
  members: Members<Key, State>,
  key: Key,
  event: Event | Tick,
  now: Instant,
): Step<Members<Key, State>, Of<Key, Action>> {
  const before = members.get(key);
  if (before === undefined) return { state: members, actions: [] };
  const { state, actions } = machine.step(before, event, now);
  const after = state === before ? members : new Map(members).set(key, state);
  return { state: after, actions: actions.map((action) => ({ of: key, action })) };
}

/** Ticks each member whose deadline has come, in insertion order. */
export function tickMembers<Key, State, Event, Action>(
  machine: Machine<State, Event, Action>,
  members: Members<Key, State>,
  now: Instant,
): Step<Members<Key, State>, Of<Key, Action>> {
  const actions: Of<Key, Action>[] = [];
  let state = members;
  for (const [key, member] of members) {
    const deadline = machine.nextDeadline(member);
    if (deadline === undefined || deadline > now) continue;
    const step = stepMember(machine, state, key, { type: "tick" }, now);
    state = step.state;
    actions.push(...step.actions);
  }
  return { state, actions };
}

/** The earliest deadline of all members. */
export function earliestDeadline<Key, State, Event, Action>(
  machine: Machine<State, Event, Action>,
  members: Members<Key, State>,
): Instant | undefined {
  return earliest([...members.values()].map((member) => machine.nextDeadline(member)));
}
