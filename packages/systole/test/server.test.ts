/** Words, times and counts of `systole server`. */
import { runProgram } from "@systole/daemon";
import { expect, test } from "vitest";
import type { DirectorStatus, RealStatus } from "../src/director-status.js";
import type { DirectorAnswer } from "../src/directors.js";
import { draining } from "../src/draining.js";
import { durationMs } from "../src/duration.js";
import { program } from "../src/program.js";

test.each([
  ["90", 90_000],
  ["90s", 90_000],
  ["10m", 600_000],
  ["1h30m", 5_400_000],
  ["2d", 172_800_000],
  ["0s", undefined],
  ["", undefined],
  ["1.5h", undefined],
  ["h", undefined],
  ["10 m", undefined],
])("%s is %s ms", (text, ms) => expect(durationMs(text)).toBe(ms));

test.each([
  { args: ["drain"], code: 2, problem: "needs drain|ready|maint|weight" },
  { args: ["stop", "10.0.0.1"], code: 2, problem: '"stop" is none of drain, ready, maint, weight' },
  { args: ["weight", "70000", "10.0.0.1"], code: 2, problem: "not a number from 0 to 65535" },
  { args: ["weight", "1"], code: 2, problem: "name a real server" },
  { args: ["ready", "10.0.0.1", "--wait"], code: 2, problem: "--wait goes with drain" },
  { args: ["drain", "10.0.0.1", "--for", "soon"], code: 2, problem: '--for: "soon" is not a time' },
  { args: ["drain", "10.0.0.1"], code: 1, problem: "no ldirectord runs here" },
])("$args: $problem", async ({ args, code, problem }) => {
  let errors = "";
  const door = {
    args: ["server", ...args],
    stdout: () => {},
    stderr: (text: string) => {
      errors += text;
    },
    color: false,
  };
  expect(await runProgram(program("/nonexistent"), door)).toBe(code);
  expect(errors).toContain(problem);
});

const real = (server: string, active: number, inactive: number): RealStatus => ({
  ...{ server, forwarding: "masq", weight: 1, state: "up", forMs: 0 },
  inTable: { weight: 0, activeConnections: active, inactiveConnections: inactive },
});
const answer = (service: string, reals: readonly RealStatus[]): DirectorAnswer => {
  const services: DirectorStatus["services"] = [{ service, scheduler: "rr", reals }];
  const rest = {
    active: true,
    config: "",
    loadedAt: "",
    newerConfigRefused: false,
    dataPlane: "ip_vs",
    refused: [],
  };
  return { kind: "status", daemon: "ldirectord", status: { ...rest, services } };
};

test.each([
  { name: "of TCP the active ones", service: "tcp 192.0.2.1:80", open: 3 },
  { name: "of UDP all", service: "udp 192.0.2.1:80", open: 8 },
  { name: "of a firewall mark all: nobody knows the protocol", service: "fwmark 7 inet", open: 8 },
])("connections left $name, and of no other server", ({ service, open }) => {
  const answers = [answer(service, [real("10.0.0.1:80", 3, 5), real("10.0.0.2:80", 7, 7)])];
  expect(draining(answers, [{ service, server: "10.0.0.1:80" }]).open).toBe(open);
});

test("a server without an entry is drained; a silent director knows nothing", () => {
  const { inTable: _, ...gone } = real("10.0.0.1:80", 1, 1);
  const asked = [{ service: "tcp 192.0.2.1:80", server: "10.0.0.1:80" }];
  expect(draining([answer("tcp 192.0.2.1:80", [gone])], asked)).toEqual({ open: 0, text: "drained" });
  const silent: DirectorAnswer = { kind: "silent", daemon: "ldirectord", problem: "no answer" };
  expect(draining([silent], asked)).toEqual({ open: undefined, text: "ldirectord does not answer" });
});
