/** A partition between us and a real heartbeat that is preferred heals: it will give up everything 2 s later. */
import { type Instant, instant, milliseconds, seconds } from "@systole/machine";
import { expect, test } from "vitest";
import { clusterMachine } from "../../src/core/cluster.js";
import type { CoreEvent } from "../../src/core/event.js";
import type { Message } from "../../src/core/message.js";
import type { ClusterSettings } from "../../src/core/settings.js";
import { booted, type ClusterState } from "../../src/core/state.js";

const settings: ClusterSettings = {
  local: "lb2",
  nodes: ["lb1", "lb2"],
  keepalive: seconds(1),
  deadtime: seconds(5),
  warntime: seconds(3),
  initdead: seconds(10),
  maxRexmitDelay: milliseconds(250),
  autoFailback: "off",
  groups: [{ key: "web", preferred: "lb1", resources: ["web"] }],
  lease: undefined,
  fencing: false,
};

const status: Message = { type: "status", state: "active", deadtime: seconds(5), protocol: 1 };
const local: Message = { type: "resource", holds: "local", stable: true };

/** Our core beside a real lb1; what it started and stopped, by the second. */
function besideReal(said: readonly (readonly [second: number, message: Message])[], untilSecond: number) {
  const machine = clusterMachine();
  let now = instant(0);
  let state: ClusterState = booted(settings, { storedGeneration: 6, adopted: [] }, now);
  const done: string[] = [];
  let sequence = 0;
  function feed(event: CoreEvent | { type: "tick" }, at: Instant): void {
    now = at;
    const step = machine.step(state, event, now);
    state = step.state;
    for (const action of step.actions) {
      if (action.type === "persist-generation") feed({ ...action, type: "generation-stored" }, now);
      if (action.type !== "start" && action.type !== "stop") continue;
      done.push(`${now / 1000} ${action.type}`);
      const { group } = action;
      if (action.type === "stop") feed({ type: "stopped", group }, now);
      else feed({ type: "started", group, steps: [], degraded: [] }, now);
    }
  }
  const due = [...said].sort((a, b) => a[0] - b[0]);
  for (;;) {
    const next = due[0];
    const at = instant(Math.min(machine.nextDeadline(state) ?? Infinity, (next?.[0] ?? Infinity) * 1000));
    if (at > untilSecond * 1000) return done;
    if (next !== undefined && next[0] * 1000 <= at) {
      const [, message] = due.shift()!;
      sequence += 1;
      const dest = message.type === "repnodes" ? { dest: "lb2" } : {};
      const header = { from: "lb1", generation: 3, sequence, ...dest };
      feed({ type: "message", medium: "eth0", header, message }, at);
    } else feed({ type: "tick" }, at);
  }
}

const statuses = (from: number, to: number) =>
  Array.from({ length: to - from + 1 }, (_, index) => [from + index, status] as const);

/** Together until second 20; the link is cut until second 30. */
const before = [
  ...statuses(1, 20),
  [1, { type: "repnodes", nodes: ["lb1", "lb2"], deleted: [] }] as const,
  [2, local] as const,
];

test("we keep it through the heal and its restart", () => {
  const givesUp: Message = { type: "resource", holds: "none", stable: false, info: "shutdown" };
  const heal = [...statuses(30, 32), [33, givesUp], [34, { type: "shutdone" }], ...statuses(34, 36)] as const;
  expect(besideReal([...before, ...heal], 60)).toEqual(["25 start"]);
});

test("one that does not give up, because it heard us all the time, keeps it: we release after 10 s", () => {
  expect(besideReal([...before, ...statuses(30, 60)], 60)).toEqual(["25 start", "40 stop"]);
});
