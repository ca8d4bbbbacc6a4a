/** A start while somebody speaks in the peer's name with another key; two such nodes are in test/stories/other-keys*.story. */
import { type Instant, instant, seconds } from "@systole/machine";
import { describe, expect, test } from "vitest";
import { clusterMachine } from "../../src/core/cluster.js";
import type { CoreEvent } from "../../src/core/event.js";
import type { ClusterSettings } from "../../src/core/settings.js";
import { type Boot, booted, type ClusterState } from "../../src/core/state.js";
import { viewOf } from "../../src/core/view.js";
import { CLASSIC } from "./classic.js";

/** lb2, which has never heard lb1: keepalive 1 s, deadtime 5 s, initdead 10 s. */
function starting(settings: Partial<ClusterSettings> = {}, boot: Partial<Boot> = {}) {
  const machine = clusterMachine();
  const done: string[] = [];
  let now: Instant = instant(0);
  let state: ClusterState = booted(
    { ...CLASSIC, autoFailback: "off", ...settings },
    { storedGeneration: 6, adopted: [], ...boot },
    now,
  );
  function feed(event: CoreEvent | { type: "tick" }): void {
    const step = machine.step(state, event, now);
    state = step.state;
    for (const action of step.actions) {
      if (action.type === "persist-generation") feed({ ...action, type: "generation-stored" });
      if (action.type === "send" && action.message.type === "status")
        feed({ type: "sent", generation: action.generation, at: now });
      if (action.type === "start") feed({ type: "started", group: action.group, steps: [], degraded: [] });
      if (action.type === "stop") feed({ type: "stopped", group: action.group });
      const word = wordOf(action);
      if (word !== undefined) done.push(`${now / 1000} ${word}`);
    }
  }
  function until(second: number): void {
    for (;;) {
      const at = machine.nextDeadline(state);
      if (at === undefined || at > second * 1000) break;
      now = instant(Math.max(now, at));
      feed({ type: "tick" });
    }
    now = instant(second * 1000);
  }
  let sequence = 0;
  return {
    until,
    /** Datagrams with another key from one second to another, one each second, both included. */
    otherKey(from: number, to: number): void {
      for (let second = from; second <= to; second++) {
        until(second);
        feed({ type: "other-key", node: "lb1", medium: "eth1" });
      }
    },
    /** An authentic status of lb1, which has heard us. */
    heard(second: number): void {
      until(second);
      sequence += 1;
      const header = { from: "lb1", generation: 3, sequence };
      const heard = [{ node: "lb2", generation: state.generation, sequence: 1 }];
      const ours = { heard, claims: [], leaving: false };
      const message = { type: "status", state: "active", deadtime: seconds(5), protocol: 1, ours } as const;
      feed({ type: "message", medium: "eth1", header, message });
    },
    feed(second: number, event: CoreEvent): void {
      until(second);
      feed(event);
    },
    view: () => {
      const { life, nodes } = viewOf(state, now);
      return `${life}, lb1 ${nodes.find(({ node }) => node === "lb1")?.state}, ${nodes[0]?.otherKey}`;
    },
    stall(second: number): void {
      now = instant(second * 1000);
      feed({ type: "tick" });
    },
    done: () => done.splice(0),
  };
}

type Action = ReturnType<ReturnType<typeof clusterMachine>["step"]>["actions"][number];

function wordOf(action: Action): string | undefined {
  if (action.type === "start" || action.type === "stop" || action.type === "fence") return action.type;
  if (action.type === "publish" && action.fact.kind === "keys.different")
    return `different on ${action.fact.medium}, ${action.severity}${action.fact.waits ? ", waits" : ""}`;
  if (action.type === "publish" && action.fact.kind === "keys.settled") return `settled, ${action.fact.how}`;
  if (action.type !== "log") return undefined;
  const { kind } = action.note;
  return ["other-key", "node-dead", "communication-up", "stalled"].includes(kind) ? kind : undefined;
}

const taken = (second: number) => [`${second} node-dead`, `${second} communication-up`, `${second} start`];
const told = (second: number, how = "critical, waits") => [
  `${second} other-key`,
  `${second} different on eth1, ${how}`,
];

describe("a peer that was never heard", () => {
  test("and is silent: dead after initdead, all is taken", () => {
    const node = starting();
    node.until(30);
    expect(node.done()).toEqual(taken(10));
  });

  test("while datagrams arrive in its name: nothing is taken, however long; it is told once", () => {
    const node = starting();
    node.otherKey(1, 300);
    expect(node.done()).toEqual(told(2));
    expect(node.view()).toBe("joining, lb1 init, waits");
  });

  test("none for a deadtime: dead", () => {
    const node = starting();
    node.otherKey(1, 20);
    node.until(24.999);
    expect(node.done()).toEqual(told(2));
    node.until(25);
    expect(node.done()).toEqual([taken(25)[0], "25 settled, silent", ...taken(25).slice(1)]);
    expect(node.view()).toBe("operational, lb1 dead, undefined");
  });

  test("they had ended a deadtime before initdead was over: dead then, as ever", () => {
    const node = starting();
    node.otherKey(1, 5);
    node.until(30);
    expect(node.done()).toEqual([...told(2), taken(10)[0], "10 settled, silent", ...taken(10).slice(1)]);
  });

  test("one alone may be noise: it is waited for, but not told", () => {
    const node = starting();
    node.otherKey(9, 9);
    node.until(30);
    expect(node.done()).toEqual(taken(14));
  });

  test("it is heard with our key at last: alive, and nothing is left of it", () => {
    const node = starting();
    node.otherKey(1, 20);
    node.done();
    node.heard(21);
    expect(node.done()[0]).toBe("21 settled, heard");
    expect(node.view()).toBe("operational, lb1 active, undefined");
  });

  test("nobody is fenced who only has another key", () => {
    const node = starting({ fencing: true });
    node.otherKey(1, 60);
    expect(node.done()).toEqual(told(2));
    node.until(70);
    expect(node.done()).toContain("65 fence");
  });

  test("otherkeys ignore: its silence counts, as for a heartbeat 3.0.6; it is told all the same", () => {
    const node = starting({ otherKeys: "ignore" });
    node.otherKey(1, 20);
    expect(node.done()).toEqual([...told(2, "critical"), ...taken(10)]);
    expect(node.view()).toBe("operational, lb1 dead, noticed");
  });

  test("otherkeys ignore by a reload ends the waiting", () => {
    const node = starting();
    node.otherKey(1, 20);
    node.done();
    node.feed(20.5, { type: "configured", settings: { ...CLASSIC, otherKeys: "ignore" } });
    node.until(20.6);
    expect(node.done()).toEqual(taken(20.55)); // the sockets are read before
  });

  test("whoever comes and goes is told once a minute at most", () => {
    const node = starting();
    for (let second = 1; second < 100; second += 10) node.otherKey(second, second + 1);
    expect(node.done().filter((line) => line.endsWith("other-key"))).toEqual(["2 other-key", "62 other-key"]);
  });
});

describe("what anybody can forge does no harm", () => {
  test("a peer that was heard and died: taken over at once, whatever is sent in its name", () => {
    const node = starting();
    for (const second of [1, 2, 3]) node.heard(second);
    node.done();
    node.otherKey(4, 7);
    node.until(8);
    expect(node.done()).toEqual(["8 node-dead", "8 start"]);
    node.otherKey(9, 20);
    expect(node.done()).toEqual(told(10, "critical"));
  });

  test("nor after a stall of ours: what it said in sequence is still known", () => {
    const node = starting();
    for (const second of [1, 2, 3]) node.heard(second);
    node.until(8);
    node.otherKey(9, 20);
    node.done();
    node.stall(40);
    node.otherKey(41, 60);
    expect(node.done()).toEqual(expect.arrayContaining(["40 stalled", "45 node-dead", "45 start"]));
  });

  test("a peer that is alive stays it", () => {
    const node = starting();
    for (let second = 1; second < 60; second++) {
      node.heard(second);
      node.otherKey(second, second);
    }
    expect(node.done().filter((line) => /different|dead|other-key/.test(line))).toEqual([]);
    expect(node.view()).toBe("operational, lb1 active, undefined");
  });

  test("what a former process left stays; communication comes up at initdead, what is elsewhere is not taken", () => {
    const groups = [...CLASSIC.groups, { key: "db", preferred: "lb1", resources: ["db"] }];
    const node = starting({ groups }, { adopted: ["web"], lastWordAt: instant(0) });
    node.otherKey(1, 60);
    expect(node.done()).toEqual(["0 start", ...told(2), "10 communication-up"]);
    node.until(70);
    expect(node.done()).toEqual(["65 node-dead", "65 settled, silent", "65 start"]);
  });
});
