/** A heartbeat that starts anew, recordings of its peer, and the digest of what both must have in common. */
import { type Instant, instant, milliseconds, seconds } from "@systole/machine";
import { describe, expect, test } from "vitest";
import { clusterMachine } from "../../src/core/cluster.js";
import type { CoreEvent } from "../../src/core/event.js";
import type { OwnFacts, Place } from "../../src/core/message.js";
import type { ClusterSettings } from "../../src/core/settings.js";
import { booted, type ClusterState } from "../../src/core/state.js";
import { viewOf } from "../../src/core/view.js";
import { CLASSIC } from "./classic.js";

const settings: ClusterSettings = {
  ...CLASSIC,
  lease: { kind: "address", length: seconds(3) },
  digest: "aa",
};

/** In its life 7 from the start, after a process that had heard lb1 up to `heard`. */
function node(heard?: Place) {
  const machine = clusterMachine();
  const notes: string[] = [];
  let now = instant(0);
  const boot = { storedGeneration: 6, adopted: [], ...(heard && { heard: new Map([["lb1", heard]]) }) };
  let state: ClusterState = booted(settings, boot, now);
  function feed(event: CoreEvent | { type: "tick" }): void {
    const step = machine.step(state, event, now);
    state = step.state;
    for (const action of step.actions) {
      if (action.type === "persist-generation") feed({ ...action, type: "generation-stored" });
      if (action.type !== "log") continue;
      const { note } = action;
      notes.push(note.kind === "configuration" ? `${note.kind} ${note.agrees}` : note.kind);
    }
  }
  feed({ type: "tick" });
  return {
    notes,
    /** A status of lb1 with this place, which acknowledges that life of ours. */
    hear(place: Place, ourLife: number, facts: Partial<OwnFacts> = {}): string {
      const { generation, sequence } = place;
      const ours = {
        heard: [{ node: "lb2", generation: ourLife, sequence: 1 }],
        ...{ claims: [], leaving: false },
        ...facts,
      };
      const timing = { deadtime: seconds(5), protocol: 1 };
      const message = { type: "status", state: "active", ...timing, ours } as const;
      feed({ type: "message", medium: "eth0", header: { from: "lb1", generation, sequence }, message });
      return this.view().state;
    },
    reload: (changes: Partial<ClusterSettings>) =>
      feed({ type: "configured", settings: { ...settings, ...changes } }),
    view: () => viewOf(state, now).nodes[0]!,
    at(moment: Instant) {
      now = moment;
    },
  };
}

describe("after a restart of ours that knows lb1 up to message 100 of its life 3", () => {
  const known = { generation: 3, sequence: 100 };

  test.each([
    { what: "of an older life", place: { generation: 2, sequence: 500 }, ourLife: 6, state: "init" },
    { what: "of that life, from before", place: { generation: 3, sequence: 100 }, ourLife: 6, state: "init" },
    { what: "that is newer", place: { generation: 3, sequence: 101 }, ourLife: 6, state: "active" },
    { what: "of a new life", place: { generation: 4, sequence: 1 }, ourLife: 6, state: "active" },
    {
      what: "of a peer that lost its generation, and hears us",
      place: { generation: 1, sequence: 5 },
      ourLife: 7,
      state: "active",
    },
  ])("a message $what: $state", ({ place, ourLife, state }) => {
    expect(node(known).hear(place, ourLife)).toBe(state);
  });

  test("recordings are told once, and keep nobody alive", () => {
    const peer = node(known);
    for (let sequence = 1; sequence <= 100; sequence++) peer.hear({ generation: 3, sequence }, 6);
    expect(peer.notes.filter((kind) => kind === "replay")).toEqual(["replay"]);
    expect(peer.view().state).toBe("init");
  });
});

test("without that knowledge the first message is believed, whatever it is", () => {
  expect(node().hear({ generation: 2, sequence: 500 }, 6)).toBe("active");
});

test("within a life of ours a lower generation stays a replay, also if it acknowledges us", () => {
  const peer = node();
  peer.hear({ generation: 4, sequence: 1 }, 7);
  peer.hear({ generation: 3, sequence: 9 }, 7);
  expect([peer.view().generation, peer.notes.includes("replay")]).toEqual([4, true]);
});

describe("the digest of haresources, nodes and auto_failback", () => {
  const differences = (notes: readonly string[]) => notes.filter((kind) => kind.startsWith("configuration"));

  test("that differs is told once; that it agrees again, too", () => {
    const peer = node();
    for (let sequence = 1; sequence <= 3; sequence++)
      peer.hear({ generation: 3, sequence }, 7, { configuration: "bb" });
    expect([differences(peer.notes), peer.view().agrees]).toEqual([["configuration false"], false]);
    peer.reload({ digest: "bb" });
    expect([differences(peer.notes).at(-1), peer.view().agrees]).toEqual(["configuration true", true]);
  });

  test("of a version that does not say it is nothing to tell", () => {
    const peer = node();
    peer.hear({ generation: 3, sequence: 1 }, 7);
    expect([differences(peer.notes), peer.view().agrees]).toEqual([[], undefined]);
  });

  test("comes with the length of the lease", () => {
    const peer = node();
    peer.hear({ generation: 3, sequence: 1 }, 7, { lease: milliseconds(400) });
    expect(peer.view().leaseMs).toBe(400);
  });
});
