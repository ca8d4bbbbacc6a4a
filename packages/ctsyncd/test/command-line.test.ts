import { ControlError } from "@systole/daemon";
import { expect, test } from "vitest";
import { logLine } from "../src/log-lines.js";
import { runRequest } from "../src/shell/client.js";
import { parseCommandLine } from "../src/shell/command-line.js";
import { conntrackdFormat } from "../src/shell/log-targets.js";

test.each([
  { args: "", means: { mode: "daemon", background: false, configPath: "/etc/conntrackd/conntrackd.conf" } },
  { args: "-C /etc/x.conf -d", means: { mode: "daemon", background: true, configPath: "/etc/x.conf" } },
  { args: "-c", means: { request: { kind: "commit" } } },
  { args: "-f", means: { request: { kind: "flush", cache: "both" } } },
  { args: "-f in", means: { request: { kind: "flush", cache: "local" } } },
  { args: "-f external", means: { request: { kind: "flush", cache: "peer" } } },
  { args: "-ixyz", means: { request: { kind: "list", cache: "local" } } },
  { args: "-e -j", means: { request: { kind: "list", cache: "peer" }, json: true } },
  { args: "-s", means: { request: { kind: "statistics", about: "ct" } } },
  { args: "-s r", means: { request: { kind: "statistics", about: "runtime" } } },
  { args: "-s c", means: { request: { kind: "statistics", about: "cache" } } },
  { args: "-F -R", means: { request: { kind: "resync-kernel" } } },
  { args: "-B", means: { request: { kind: "send-bulk" } } },
  { args: "-n", means: { request: { kind: "request-resync" } } },
  { args: "-t", means: { request: { kind: "purge-later" } } },
  { args: "-k", means: { request: { kind: "stop" } } },
  { args: "-c -d", means: { mode: "wrong", problem: "Invalid parameters" } },
  { args: "-z", means: { mode: "wrong", problem: "Unknown option: -z" } },
  { args: "-i expect", means: { request: { kind: "list", cache: "local", about: "expectations" } } },
  { args: "-e -x", means: { request: { kind: "list", cache: "peer", xml: true } } },
  { args: "-c expect", means: { request: { kind: "commit" } } },
  { args: "-x", means: { mode: "wrong", problem: "-x goes with -i or -e" } },
  { args: "-f foo", means: { mode: "wrong", problem: "unknown word for -f: foo" } },
  { args: "-s xyz", means: { mode: "wrong", problem: "unknown word for -s: xyz" } },
  { args: "-i foo", means: { mode: "wrong", problem: "Unknown option: foo" } },
  { args: "-v", means: { mode: "version" } },
  { args: "--version", means: { mode: "version" } },
  { args: "--help", means: { mode: "help" } },
])("ctsyncd $args", ({ args, means }) => {
  expect(parseCommandLine(args === "" ? [] : args.split(" "))).toMatchObject(means);
});

/** Runs a request against a daemon that answers so. */
async function ask(kind: "send-bulk" | "commit", answer: () => unknown) {
  const errors: string[] = [];
  const asked: unknown[] = [];
  const client = {
    call: async (verb: string, args?: unknown) => {
      asked.push([verb, args]);
      return answer();
    },
  };
  const terminal = { out: () => {}, error: (text: string) => errors.push(text) };
  return { code: await runRequest({ kind }, false, client, terminal), errors, asked };
}

test("a commit waits until it is done, however long", async () => {
  const { code, asked } = await ask("commit", () => ({ done: true }));
  expect({ code, asked }).toEqual({ code: 0, asked: [["commit", { limitMs: 600_000 }]] });
});

test("nobody answers: exit code 1, in conntrackd's words first", async () => {
  const { code, errors } = await ask("send-bulk", () => {
    throw new ControlError("unreachable", "nobody is there");
  });
  expect({ code, first: errors[0] }).toEqual({
    code: 1,
    first: "can't connect: is conntrackd running? appropriate permissions?",
  });
});

test("the log file has conntrackd's form", () => {
  const entry = {
    atMs: new Date(2026, 10, 20, 10, 24, 24).getTime(),
    name: "ctsyncd",
    pid: 31_400,
    fields: {},
  };
  const text = conntrackdFormat({ ...entry, level: "info", message: "initialization completed" });
  expect(text).toBe("[Fri Nov 20 10:24:24 2026] (pid=31400) [notice] initialization completed");
});

test("a commit with failures says how many and why", () => {
  const counts = { written: 7, updated: 1, unchanged: 3, expectations: 0, failed: 2 };
  const summary = { ...counts, totalMs: 12.5, error: "refused (ENOMEM)" };
  expect(logLine({ kind: "commit-finished", summary })).toEqual({
    level: "warn",
    event: "commit.finished",
    text: "Committed 7 new entries, 1 updated, 3 unchanged, 2 entries can't be committed (refused (ENOMEM)); commit has taken 0.012500 seconds",
  });
});
