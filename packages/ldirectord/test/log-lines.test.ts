/** Lines and command lines that scripts know, pinned. */
import { parseIp } from "@systole/wire";
import { expect, test } from "vitest";
import type { RealConfig, ServiceConfig } from "../src/core/configured.js";
import * as lines from "../src/log-lines.js";
import { readCommandLine } from "../src/shell/command-line.js";

const place = (address: string, port: number) => ({ address: parseIp(address)!, port });
const service: ServiceConfig = {
  key: "tcp:192.0.2.10:80",
  virtual: {
    id: { kind: "address", protocol: "tcp", ...place("192.0.2.10", 80) },
    ...{
      scheduler: "wrr",
      schedulerFlags: 0,
      persistence: undefined,
      persistenceEngine: undefined,
      onePacket: false,
    },
  },
  ...{ quiescent: true, readdQuiescent: false, cleanStop: true, fallbackCommand: undefined, reals: [] },
  fallback: { configured: place("127.0.0.1", 8080), endpoint: place("127.0.0.1", 80), forwarding: "gate" },
};
const real: RealConfig = {
  key: "10.0.0.1:80",
  configured: place("10.0.0.1", 8080),
  endpoint: place("10.0.0.1", 80),
  ...{ forwarding: "gate", weight: 5, upperThreshold: 0, lowerThreshold: 0, check: { kind: "never" } },
};

test.each([
  [
    lines.invoked("/usr/sbin/ldirectord", ["www.cf", "start"]),
    "Invoking ldirectord invoked as: /usr/sbin/ldirectord www.cf start ",
  ],
  [lines.addedVirtual(service), "Added virtual server: 192.0.2.10:80"],
  [lines.changedVirtual(service), "Changed virtual server: 192.0.2.10:80"],
  [lines.purgedVirtual(service, "stop"), "Purged virtual server (stop): 192.0.2.10:80"],
  [lines.addedReal(service, real), "Added real server: 10.0.0.1:8080 (192.0.2.10:80) (Weight set to 5)"],
  [
    lines.restoredReal(service, real),
    "Restored real server: 10.0.0.1:80 mapped from 10.0.0.1:8080 (192.0.2.10:80) (Weight set to 5)",
  ],
  [
    lines.quiescedReal(service, real),
    "Quiescent real server: 10.0.0.1:80 mapped from 10.0.0.1:8080 (192.0.2.10:80) (Weight set to 0)",
  ],
  [
    lines.deletedReal(service, real),
    "Deleted real server: 10.0.0.1:80 mapped from 10.0.0.1:8080 (192.0.2.10:80)",
  ],
  [
    lines.purgedReal(service, real.endpoint, "start"),
    "Purged real server (start): 10.0.0.1:80 (192.0.2.10:80)",
  ],
  [
    lines.deletedFallback(service, service.fallback!),
    "Deleted fallback server: 127.0.0.1:80 mapped from 127.0.0.1:8080 (192.0.2.10:80)",
  ],
  [
    lines.softFailure(service, real, 1, 3),
    "Soft failure real server: 10.0.0.1:8080 (tcp:192.0.2.10:80) failure 1/3",
  ],
  [lines.softReset(service, real), "Resetting soft failure count: 10.0.0.1:8080 (tcp:192.0.2.10:80)"],
  [
    lines.complaint("Error", 7, { path: "/etc/ha.d/x.cf", line: 4 }, "what"),
    "Error [7] reading file /etc/ha.d/x.cf at line 4: what",
  ],
  [lines.complaint("Warning", 7, { path: "/etc/ha.d/x.cf", line: undefined }, "what"), "Warning [7]: what"],
  [lines.running("/etc/ha.d/x.cf", 9), "ldirectord for /etc/ha.d/x.cf is running with pid: 9"],
  [lines.stopped("/etc/ha.d/x.cf"), "ldirectord is stopped for /etc/ha.d/x.cf"],
  [lines.terminated("TERM"), "Linux Director Daemon terminated on signal: TERM"],
])("%s", (line, expected) => expect(line).toBe(expected));

test("the stamp of the log file", () => {
  const at = new Date(2026, 10, 2, 9, 4, 5).getTime();
  expect(lines.fileLine(at, "www.cf", 12, "text")).toBe("[Mon Nov  2 09:04:05 2026|www.cf|12] text");
});

const plain = { debug: false, foreground: false, standby: false };
test.each<[string, object]>([
  ["start", { kind: "run", config: undefined, action: "start", options: plain }],
  ["www.cf start", { kind: "run", config: "www.cf", action: "start" }],
  ["www.cf start more words", { kind: "run", config: "www.cf", action: "start" }],
  ["-d www.cf start", { kind: "run", options: { ...plain, debug: true } }],
  ["--standby -- www.cf start", { kind: "run", options: { ...plain, standby: true } }],
  ["-dv start", { kind: "version" }],
  ["--help", { kind: "help" }],
  ["-?", { kind: "help" }],
  ["-t www.cf", { kind: "run", config: "www.cf", action: "configtest" }],
  ["-t", { kind: "run", config: undefined, action: "configtest" }],
  ["", { kind: "usage", problem: undefined }],
  ["www.cf", { kind: "usage" }],
  ["start -d", { kind: "usage" }],
  ["www.cf begin", { kind: "usage" }],
  ["-x start", { kind: "usage", problem: "Unknown option: x" }],
  ["--deb start", { kind: "usage", problem: "Unknown option: deb" }],
])("ldirectord %s", (words, expected) => {
  expect(readCommandLine(words.split(" ").filter(Boolean))).toMatchObject(expected);
});
