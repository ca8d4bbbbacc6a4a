import { describe, expect, test } from "vitest";
import type { Note } from "../src/core/note.js";
import { lineOf } from "../src/shell/notes.js";

const preferred = (group: string) => (group === "web" ? "lb1" : "lb2");

describe("a note becomes the line that scripts know", () => {
  test.each<{ note: Note; line: string }>([
    { note: { kind: "local-status", state: "init" }, line: "debug local status is init" },
    { note: { kind: "local-status", state: "active" }, line: "info Local status now set to: 'active'" },
    { note: { kind: "communication-up" }, line: "info Comm_now_up(): updating status to active" },
    { note: { kind: "link-up", node: "lb2", medium: "eth1" }, line: "info Link lb2:eth1 up." },
    { note: { kind: "link-dead", node: "lb2", medium: "eth1" }, line: "warn Link lb2:eth1 dead." },
    { note: { kind: "node-dead", node: "lb2" }, line: "warn node lb2: is dead" },
    {
      note: { kind: "late-heartbeat", node: "lb2", intervalMs: 5000.4, overDeadtime: false },
      line: "warn Late heartbeat: Node lb2: interval 5000 ms",
    },
    {
      note: { kind: "late-heartbeat", node: "lb2", intervalMs: 11_000, overDeadtime: true },
      line: "error Late heartbeat: Node lb2: interval 11000 ms (> deadtime)",
    },
    {
      note: { kind: "lost-packets", node: "lb2", count: 3, last: 6, current: 10 },
      line: "warn 3 lost packet(s) for [lb2] [6:10]",
    },
    { note: { kind: "standby-asked", node: "lb1", set: "all" }, line: "info lb1 wants to go standby [all]" },
    {
      note: { kind: "standby-no-reply" },
      line: "warn No reply to standby request.  Standby request cancelled.",
    },
    { note: { kind: "shutdown-complete" }, line: "info lb1 Heartbeat shutdown complete." },
    {
      note: { kind: "both-own", group: "web", node: "lb2", weYield: false },
      line: "error Both machines own our resources! (web: lb2 is to yield)",
    },
    {
      note: { kind: "both-own", group: "db", node: "lb2", weYield: true },
      line: "error Both machines own foreign resources! (db: we yield)",
    },
    {
      note: { kind: "stalled", silentMs: 8123.6, generation: 9 },
      line: "error this node was silent for 8124 ms: it starts over as generation 9",
    },
    {
      note: { kind: "other-key", node: "lb2", medium: "eth1", waits: true },
      line:
        "error lb2 speaks on eth1 with a key that this node does not have, or somebody in its name: make authkeys of " +
        "both nodes the same and reload; until then this node takes nothing over from it (otherkeys in ha.cf)",
    },
    {
      note: { kind: "other-key", node: "lb2", medium: "eth1", waits: false },
      line:
        "error lb2 speaks on eth1 with a key that this node does not have, or somebody in its name: make authkeys of " +
        "both nodes the same and reload; this node goes on as if it were silent",
    },
    {
      note: { kind: "other-key-over", node: "lb2", how: "heard" },
      line: "info lb2 speaks with a key of ours now",
    },
    {
      note: { kind: "other-key-over", node: "lb2", how: "silent" },
      line: "info nobody speaks in the name of lb2 with another key any more",
    },
    {
      note: { kind: "unable", group: "web", problem: "no disk" },
      line: "error web cannot run here: no disk",
    },
    {
      note: {
        ...{ kind: "resource-down", group: "web", resource: "apache" },
        ...{ reason: "it does not run", consequence: "it is started again" },
      },
      line: "error apache of web is down: it does not run; it is started again",
    },
    {
      note: { kind: "resource-unknown", group: "web", resource: "apache", problem: "no answer within 40 s" },
      line: "warn apache of web: its status cannot be had: no answer within 40 s",
    },
    {
      note: { kind: "resource-up", group: "web", resource: "apache", how: "it runs again" },
      line: "info apache of web: it runs again",
    },
  ])("$line", ({ note, line }) => {
    const { level, text } = lineOf(note, "lb1", preferred);
    expect(`${level} ${text}`).toBe(line);
  });
});
