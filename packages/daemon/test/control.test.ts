import { mkdtempSync, rmSync, statSync, writeFileSync } from "node:fs";
import { connect } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { eventLog, START } from "@systole/bus";
import { systemClock } from "@systole/machine";
import fc from "fast-check";
import { pino } from "pino";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { controlClient } from "../src/control-client.js";
import { ControlError } from "../src/control-error.js";
import { parseRequest, parseServerLine } from "../src/control-protocol.js";
import { type ControlServer, createControlServer } from "../src/control-server.js";
import { listenAt } from "../src/control-socket.js";
import { subscribe } from "../src/control-subscription.js";
import { lineSplitter } from "../src/line-splitter.js";
import { systemDoor } from "../src/system-door.js";

let directory: string;
let server: ControlServer;
let path: string;
let mayChange = true;
const events = () =>
  eventLog({ boot: "b1", node: "lb1", daemon: "test", wallClock: () => 0, monotonicMs: () => 0 });
let log = events();

async function start(): Promise<void> {
  server = createControlServer({
    boot: "b1",
    events: log,
    log: pino({ level: "silent" }),
    callerOf: systemDoor({}).callerOf,
    mayChange: () => mayChange,
  });
  server.addVerbs({
    echo: { changes: false, run: (args) => args },
    who: { changes: false, run: (_, caller) => caller },
    change: { changes: true, run: () => "changed" },
    broken: {
      changes: false,
      run: () => {
        throw new Error("it broke");
      },
    },
    refused: {
      changes: false,
      run: () => {
        throw new ControlError("no-group", "no such group");
      },
    },
    never: { changes: false, run: () => new Promise(() => {}) },
  });
  await listenAt(server.server, path, undefined);
}

beforeEach(async () => {
  directory = mkdtempSync(join(tmpdir(), "systole-control-"));
  path = join(directory, "run/test/control");
  mayChange = true;
  log = events();
  await start();
});

afterEach(async () => {
  await server.close();
  rmSync(directory, { recursive: true, force: true });
});

/** Sends raw bytes, answers all that comes until the server hangs up or `lines` lines have come. */
function raw(text: string | Uint8Array, lines: number): Promise<string[]> {
  return new Promise((resolve, reject) => {
    const socket = connect(path, () => socket.write(text));
    let got = "";
    const finish = () => {
      socket.destroy();
      resolve(got.split("\n").filter((line) => line !== ""));
    };
    socket.on("data", (chunk: Buffer) => {
      got += chunk.toString("utf8");
      if (got.split("\n").length > lines) finish();
    });
    socket.on("close", finish);
    socket.on("error", reject);
  });
}

describe("a call", () => {
  test("is answered", async () => {
    expect(await controlClient(path).call("echo", { a: [1, "ü"] })).toEqual({ a: [1, "ü"] });
  });

  test("carries the credentials that the kernel vouches for", async () => {
    const caller = { pid: process.pid, uid: process.getuid?.(), gid: process.getgid?.() };
    expect(await controlClient(path).call("who")).toEqual(caller);
  });

  test.each([
    { name: "an unknown verb", verb: "nope", code: "unknown-verb" },
    { name: "a verb that breaks", verb: "broken", code: "failed" },
    { name: "a verb that refuses with its own code", verb: "refused", code: "no-group" },
    { name: "a verb that takes too long", verb: "never", code: "time-limit" },
  ])("fails with a code: $name", async ({ verb, code }) => {
    await expect(controlClient(path).call(verb, {}, { limitMs: 100 })).rejects.toMatchObject({ code });
  });

  test("that changes something is refused without permission, reading goes on", async () => {
    mayChange = false;
    await expect(controlClient(path).call("change")).rejects.toMatchObject({ code: "not-permitted" });
    expect(await controlClient(path).call("echo")).toEqual({});
  });

  test("of nobody says so", async () => {
    await expect(controlClient(join(directory, "none")).call("echo")).rejects.toMatchObject({
      code: "unreachable",
      message: expect.stringContaining("nobody answers"),
    });
  });
});

describe("raw lines", () => {
  test("two requests in one write are answered in order", async () => {
    const lines = await raw('{"id":1,"verb":"echo"}\n{"id":2,"verb":"nope"}\n', 2);
    expect(lines.map((line) => JSON.parse(line)).map(({ id, ok }) => ({ id, ok }))).toEqual([
      { id: 1, ok: true },
      { id: 2, ok: false },
    ]);
  });

  test.each([
    { name: "no JSON", text: "hello\n" },
    { name: "no object", text: "[1]\n" },
    { name: "no verb", text: '{"id":1}\n' },
    { name: "args that are no object", text: '{"id":1,"verb":"echo","args":3}\n' },
    { name: "an id that is no id", text: '{"id":{},"verb":"echo"}\n' },
  ])("$name is a bad request, and the next line is answered", async ({ text }) => {
    const [bad, good] = await raw(`${text}{"id":2,"verb":"echo"}\n`, 2);
    expect(JSON.parse(bad!).error.code).toBe("bad-request");
    expect(JSON.parse(good!).ok).toBe(true);
  });

  test("a line over 64 KiB is told and disconnected", async () => {
    const [only] = await raw("x".repeat(70_000), 9);
    expect(JSON.parse(only!).error.code).toBe("too-long");
  });
});

test("socket 0660, directory 0750", () => {
  expect(statSync(path).mode & 0o777).toBe(0o660);
  expect(statSync(join(path, "..")).mode & 0o777).toBe(0o750);
});

test("what a crash left is replaced, a living daemon is not", async () => {
  const second = createControlServer({
    ...{ boot: "b2", events: log, log: pino({ level: "silent" }) },
    ...{ callerOf: systemDoor({}).callerOf, mayChange: () => true },
  });
  await expect(listenAt(second.server, path, undefined)).rejects.toThrow("another process answers");
  const left = join(directory, "run/other/control");
  await listenAt(second.server, left, undefined);
  await second.close();
  writeFileSync(left, "");
  const third = createControlServer({
    ...{ boot: "b3", events: log, log: pino({ level: "silent" }) },
    ...{ callerOf: systemDoor({}).callerOf, mayChange: () => true },
  });
  await listenAt(third.server, left, undefined);
  await third.close();
});

/** Subscribes until `count` events were taken. */
function collect(count: number, take: (sequence: number) => void = () => {}): Promise<number[]> {
  return new Promise((resolve) => {
    const got: number[] = [];
    const { close } = subscribe({
      ...{ path, clock: systemClock(), from: START },
      take({ sequence }) {
        take(sequence);
        got.push(sequence);
        if (got.length === count) {
          close();
          resolve(got);
        }
      },
    });
  });
}

describe("a subscriber", () => {
  test("gets what is kept, then what comes", async () => {
    log.publish("info", { kind: "config.loaded", file: "1" });
    const got = collect(3, (sequence) => {
      if (sequence === 1) log.publish("info", { kind: "config.loaded", file: "2" });
      if (sequence === 2) log.publish("info", { kind: "config.loaded", file: "3" });
    });
    expect(await got).toEqual([1, 2, 3]);
  });

  test("that could not take an event gets it again, and none twice", async () => {
    for (const file of ["1", "2", "3"]) log.publish("info", { kind: "config.loaded", file });
    let full = true;
    const got = collect(3, (sequence) => {
      if (sequence !== 2 || !full) return;
      full = false;
      throw new Error("disk full");
    });
    expect(await got).toEqual([1, 2, 3]);
  });

  test("that does not read is disconnected, the others are served", async () => {
    const slow = connect(path);
    await new Promise<void>((resolve) => slow.on("connect", resolve));
    slow.write('{"id":1,"verb":"subscribe"}\n');
    await new Promise((resolve) => slow.once("data", resolve));
    slow.pause();
    const gone = new Promise((resolve) => slow.on("close", resolve));
    const file = "x".repeat(8 * 1024);
    for (let i = 0; i < 200; i++) log.publish("info", { kind: "config.loaded", file });
    slow.resume();
    await gone;
    expect(await controlClient(path).call("echo")).toEqual({});
  });
});

test("any line is a request or a bad-request", () => {
  fc.assert(
    fc.property(fc.oneof(fc.string(), fc.json()), (line) => {
      for (const parse of [parseRequest, parseServerLine]) {
        try {
          parse(line);
        } catch (error) {
          expect(error).toBeInstanceOf(ControlError);
        }
      }
    }),
  );
});

test("lines come out the same however the bytes are cut", () => {
  fc.assert(
    fc.property(fc.array(fc.string({ unit: "grapheme" })), fc.array(fc.nat(50)), (texts, cuts) => {
      const wanted = texts.map((text) => text.replaceAll("\n", ""));
      const bytes = Buffer.from(wanted.map((text) => `${text}\n`).join(""), "utf8");
      const splitter = lineSplitter(1000);
      const got: string[] = [];
      let at = 0;
      for (const cut of [...cuts, bytes.length]) {
        got.push(...(splitter.push(bytes.subarray(at, at + cut)) ?? []));
        at = Math.min(bytes.length, at + cut);
      }
      expect(got).toEqual(wanted);
    }),
  );
});

test.each([
  { name: "exactly the limit", length: 10, lines: ["xxxxxxxxxx"] },
  { name: "one more", length: 11, lines: undefined },
])("a line of $name", ({ length, lines }) => {
  expect(lineSplitter(10).push(Buffer.from(`${"x".repeat(length)}\n`))).toEqual(lines);
});
