/** Claims of a VIP by ARP; two directors that hear one another only so are in test/stories/split-brain-on-one-lan.story. */
import { type Instant, instant, seconds } from "@systole/machine";
import { describe, expect, test } from "vitest";
import { clusterMachine } from "../../src/core/cluster.js";
import type { CoreEvent } from "../../src/core/event.js";
import type { Message, OwnFacts } from "../../src/core/message.js";
import { booted, type ClusterState } from "../../src/core/state.js";
import { CLASSIC } from "./classic.js";

const OURS = "02:00:00:00:00:01";
const THEIRS = "02:00:00:00:00:02";
const STRANGER = "52:54:00:00:00:09";

/** lb2, which comes second, has the group: lb1 was heard at 1 s and is dead at 6 s. */
function owner(local: "lb1" | "lb2") {
  const machine = clusterMachine();
  const peer = local === "lb1" ? "lb2" : "lb1";
  const done: string[] = [];
  let state: ClusterState = booted(
    { ...CLASSIC, local, autoFailback: "off", macs: [OURS] },
    { storedGeneration: 6, adopted: [] },
    instant(0),
  );
  function feed(event: CoreEvent | { type: "tick" }, now: Instant): void {
    const step = machine.step(state, event, now);
    state = step.state;
    for (const action of step.actions) {
      if (action.type === "persist-generation") feed({ ...action, type: "generation-stored" }, now);
      if (action.type === "send" && action.message.type === "status")
        feed({ type: "sent", generation: action.generation, at: now }, now);
      if (action.type === "start") feed({ type: "started", group: "web", steps: [], degraded: [] }, now);
      if (action.type === "stop") feed({ type: "stopped", group: "web" }, now);
      const seen =
        action.type === "log" && (action.note.kind === "stranger" || action.note.kind === "both-own")
          ? action.note.kind
          : action.type;
      if (["stranger", "both-own", "announce", "start", "stop", "ask-for-vips"].includes(seen))
        done.push(`${now / 1000} ${seen}`);
    }
  }
  const until = (second: number) => {
    for (;;) {
      const at = machine.nextDeadline(state);
      if (at === undefined || at > second * 1000) return;
      feed({ type: "tick" }, at);
    }
  };
  const at = (second: number, event: CoreEvent) => {
    until(second);
    feed(event, instant(second * 1000));
  };
  const heard = [{ node: local, generation: 7, sequence: 1 }];
  const ours: OwnFacts = { heard, claims: [], leaving: false, macs: [THEIRS] };
  const message: Message = { type: "status", state: "active", deadtime: seconds(5), protocol: 1, ours };
  const header = { from: peer, generation: 3, sequence: 1 };
  at(1, { type: "message", medium: "eth0", header, message });
  until(8);
  return {
    until,
    claim: (second: number, mac: string) =>
      at(second, { type: "vip-claimed", group: "web", vip: "192.0.2.10", mac }),
    asked: () => done.filter((line) => line.endsWith("ask-for-vips")),
    done: () => done.splice(0).filter((line) => !line.endsWith("ask-for-vips")),
  };
}

describe("a claim of a VIP that we have", () => {
  test("by a stranger: we never let go, it is told once a minute", () => {
    const { claim, done } = owner("lb2");
    expect(done()).toEqual(["6 start"]);
    for (const second of [10, 11, 69]) claim(second, STRANGER);
    expect(done()).toEqual(["10 stranger", "10 announce"]);
    claim(70, STRANGER);
    expect(done()).toEqual(["70 stranger", "70 announce"]);
  });

  test("is asked for each second while the peer is silent: one ARP may be lost", () => {
    expect(owner("lb1").asked()).toEqual(["6 ask-for-vips", "7 ask-for-vips", "8 ask-for-vips"]);
  });

  test("by an interface of ours: nothing", () => {
    const { claim, done } = owner("lb2");
    done();
    claim(10, OURS);
    expect(done()).toEqual([]);
  });

  test("by a node that is not heard and comes after us: ours, said again, once a second at most", () => {
    const { claim, done } = owner("lb1");
    done();
    for (const second of [10, 10.5, 11]) claim(second, THEIRS);
    expect(done()).toEqual(["10 both-own", "10 announce", "11 announce"]);
  });

  test("by a node that is not heard and comes first: we let go, ask, and wait as long as it answers", () => {
    const { claim, until, asked, done } = owner("lb2");
    done();
    claim(10.2, THEIRS);
    expect(done()).toEqual(["10.2 both-own", "10.2 stop"]);
    until(12.9);
    expect(asked().slice(-2)).toEqual(["11.2 ask-for-vips", "12.2 ask-for-vips"]);
    expect(done()).toEqual([]);
    claim(13, THEIRS);
    until(17.9);
    expect(done().filter((line) => line.endsWith("start"))).toEqual([]);
    until(19);
    expect(done().filter((line) => line.endsWith("start"))).toEqual(["18 start"]);
  });
});
