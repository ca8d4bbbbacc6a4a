import { mkdtempSync, readFileSync, renameSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { createLog } from "../src/log.js";
import type { LogTarget } from "../src/log-target.js";

let directory: string;
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), "systole-log-"));
});
afterEach(() => rmSync(directory, { recursive: true, force: true }));

interface Settings {
  readonly journal?: boolean;
  /** The journal has /dev/log, too. */
  readonly takesSyslog?: boolean;
  readonly targets?: readonly LogTarget[];
  /** Why no datagram can be sent. */
  readonly refusal?: string;
}

function open({ journal = false, takesSyslog = false, targets, refusal }: Settings = {}) {
  const written: string[] = [];
  const datagrams: string[] = [];
  const logging = createLog({
    ...{ name: "heartbeat", pid: 42, level: "debug" },
    stderr: { journal, journalTakesSyslog: takesSyslog, write: (text) => void written.push(text) },
    sendDatagram: (path, bytes) => {
      if (refusal !== undefined) throw new Error(refusal);
      datagrams.push(`${path} ${Buffer.from(bytes).toString("utf8")}`);
    },
  });
  if (targets !== undefined) logging.setTargets(targets);
  return { ...logging, written, datagrams };
}

describe("under journald", () => {
  test.each([
    { name: "a warning is priority 4", level: "warn", line: "<4>late (node=lb1, silenceMs=5000)\n" },
    { name: "an error is 3", level: "error", line: "<3>late (node=lb1, silenceMs=5000)\n" },
    { name: "fatal is 2", level: "fatal", line: "<2>late (node=lb1, silenceMs=5000)\n" },
    { name: "info is 6", level: "info", line: "<6>late (node=lb1, silenceMs=5000)\n" },
    { name: "debug is 7", level: "debug", line: "<7>late (node=lb1, silenceMs=5000)\n" },
  ] as const)("$name", ({ level, line }) => {
    const { log, written } = open({ journal: true });
    log[level]({ event: "node.late", node: "lb1", silenceMs: 5000 }, "late");
    expect(written).toEqual([line]);
  });
});

test("elsewhere: time, level, who, text", () => {
  const { log, written } = open();
  log.info("up");
  expect(written[0]).toMatch(/^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d\.\d{3}Z info {2}heartbeat\[42\]: up\n$/);
});

test("what a page said cannot become a line or a colour", () => {
  const { log, written } = open({ journal: true });
  log.warn({ said: "a\nb" }, "real server said: OK\n<0>all is well\u001b[31m\u2028");
  expect(written[0]).toBe('<4>real server said: OK\\x0a<0>all is well\\x1b[31m\\u2028 (said="a\\nb")\n');
});

test("secrets stay out, also inside an object", () => {
  const { log, written } = open({ journal: true });
  log.info({ password: "x1", smtp: { user: "ha", password: "x2" }, key: "x3" }, "configured");
  expect(written.join()).not.toMatch(/x[123]/);
  expect(written.join()).toContain("ha");
});

test("an error brings its stack, in one line", () => {
  const { log, written } = open({ journal: true });
  log.error({ error: new Error("no such device") }, "cannot start");
  expect(written).toHaveLength(1);
  expect(written[0]).toMatch(/^<3>cannot start: Error: no such device \| at .*\n$/);
});

test("a file is appended to, moved away, and opened anew after SIGHUP", () => {
  const path = join(directory, "var/ha-log");
  const { log, reopen } = open({ targets: [{ kind: "file", path, format: ({ message }) => message }] });
  log.info("one");
  renameSync(path, `${path}.1`);
  log.info("two");
  reopen();
  log.info("three");
  expect(readFileSync(`${path}.1`, "utf8")).toBe("one\ntwo\n");
  expect(readFileSync(path, "utf8")).toBe("three\n");
});

test("a target has its own level", () => {
  const path = join(directory, "ha-log");
  const { log } = open({
    targets: [{ kind: "file", path, level: "info", format: ({ message }) => message }],
  });
  log.debug("quiet");
  log.info("loud");
  expect(readFileSync(path, "utf8")).toBe("loud\n");
});

test("a file that cannot be written costs lines, never the daemon", () => {
  const { log, dropped } = open({ targets: [{ kind: "file", path: "/dev/full" }] });
  log.info("one");
  log.info("two");
  expect(dropped()).toBe(2);
});

test("syslog gets facility, priority, ident and the bare message", () => {
  const target = { kind: "syslog", facility: "local0", ident: "heartbeat" } as const;
  const { log, datagrams } = open({ targets: [target] });
  log.warn({ node: "lb1" }, "heartbeat from lb1 is late");
  expect(datagrams[0]).toMatch(
    /^\/dev\/log <132>[A-Z][a-z]{2} [ \d]\d \d\d:\d\d:\d\d heartbeat\[42\]: heartbeat from lb1 is late$/,
  );
});

describe("stderr and syslog", () => {
  const both: readonly LogTarget[] = [
    { kind: "stderr" },
    { kind: "syslog", facility: "local0", ident: "heartbeat", level: "info" },
  ];

  test("in one journal an entry is there once, with its facility, and its fields beside the text", () => {
    const { log, written, datagrams } = open({ journal: true, takesSyslog: true, targets: both });
    log.warn({ event: "node.late", silenceMs: 5000, links: ["hb1"] }, "late\nPRIORITY=0");
    expect(written).toEqual([]);
    expect(datagrams).toEqual([
      "/run/systemd/journal/socket MESSAGE=late\\x0aPRIORITY=0\nPRIORITY=4\nSYSLOG_FACILITY=16\n" +
        "SYSLOG_IDENTIFIER=heartbeat\nSYSLOG_PID=42\nSYSTOLE_EVENT=node.late\nSYSTOLE_SILENCE_MS=5000\n" +
        'SYSTOLE_LINKS=["hb1"]\n',
    ]);
  });

  test("no value can become a field of its own", () => {
    const { log, datagrams } = open({ journal: true, takesSyslog: true, targets: both });
    log.info({ said: "OK\n_UID=0", "a=b\nc": 1 }, "said");
    expect(datagrams[0]).toMatch(/\nSYSTOLE_SAID=OK\\x0a_UID=0\nSYSTOLE_A_B_C=1\n$/);
  });

  test("what syslog is not to have is still on stderr", () => {
    const { log, written, datagrams } = open({ journal: true, takesSyslog: true, targets: both });
    log.debug("quiet");
    expect([written, datagrams]).toEqual([["<7>quiet\n"], []]);
  });

  test("an entry that the journal's socket refuses goes to stderr", () => {
    const { log, written } = open({ journal: true, takesSyslog: true, targets: both, refusal: "EAGAIN" });
    log.info({ node: "lb1" }, "up");
    expect(written).toEqual(["<6>up (node=lb1)\n"]);
  });

  test("a syslog daemon with a socket of its own gets its line, and the journal has stderr's", () => {
    const { log, written, datagrams } = open({ journal: true, targets: both });
    log.info("up");
    expect(written).toEqual(["<6>up\n"]);
    expect(datagrams[0]).toMatch(/^\/dev\/log <134>.* heartbeat\[42\]: up$/);
  });
});
