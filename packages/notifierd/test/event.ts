/** Events for the tests, with as little said as possible. */
import type { ClusterEvent, Fact, Severity } from "../src/types.js";

export function event(sequence: number, fact: Fact, over: Partial<ClusterEvent> = {}): ClusterEvent {
  return {
    ...{ v: 1, boot: "b1", sequence, node: "lb2", daemon: "heartbeat" },
    atMs: Date.UTC(2026, 10, 20, 12, 0, 0) + sequence * 100,
    severity: "info" satisfies Severity,
    fact,
    ...over,
  };
}

export const dead = (sequence: number) =>
  event(
    sequence,
    { kind: "node.dead", peer: "lb1", silenceMs: 10_000, deadtimeMs: 10_000 },
    { severity: "critical" },
  );
export const alive = (sequence: number) =>
  event(sequence, { kind: "node.alive", peer: "lb1", after: "death" });
export const started = (sequence: number, group = "lb1") =>
  event(sequence, { kind: "takeover.started", groups: [group], reason: "lb1 is dead" });
export const finished = (sequence: number, group = "lb1") =>
  event(sequence, {
    ...{ kind: "takeover.finished", groups: [group], reason: "lb1 is dead", totalMs: 1340, degraded: [] },
    steps: [
      { step: "ctsync", ms: 12 },
      { step: "IPaddr2::192.0.2.10/24/eth0", ms: 1, error: "no such device" },
    ],
  });
export const serverDown = (sequence: number, server = "10.0.0.11:80", reason = "connection refused") =>
  event(
    sequence,
    { kind: "real-server.down", service: "tcp 192.0.2.10:80", server, reason, action: "quiesced" },
    { daemon: "ldirectord" },
  );
export const serverUp = (sequence: number, server = "10.0.0.11:80") =>
  event(
    sequence,
    { kind: "real-server.up", service: "tcp 192.0.2.10:80", server, weight: 5, downMs: 65_000 },
    { daemon: "ldirectord" },
  );
export const chatter = (sequence: number) => event(sequence, { kind: "config.loaded", file: "ha.cf" });
export const mailTo = (sequence: number, to = "ops@example.org") =>
  event(sequence, {
    ...{ kind: "letter", to: [to], subject: "Resource Group Takeover in progress at noon on lb2" },
    text: "Command line was:\nMailTo start",
  });
