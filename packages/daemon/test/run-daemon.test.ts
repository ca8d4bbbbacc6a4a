import { type ChildProcess, spawn } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { openUnixDatagram } from "@systole/sys";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { controlClient } from "../src/index.js";
import { bundleProgram } from "./bundle.js";

let program: { readonly directory: string; readonly file: string };
let run: string;
const children: ChildProcess[] = [];

beforeAll(async () => {
  program = await bundleProgram(fileURLToPath(new URL("sample-daemon.ts", import.meta.url)));
});
afterAll(() => rmSync(program.directory, { recursive: true }));
beforeEach(() => {
  run = mkdtempSync(join(tmpdir(), "systole-run-"));
});
afterEach(() => {
  for (const child of children.splice(0)) child.kill("SIGKILL");
  rmSync(run, { recursive: true });
});

interface Started {
  readonly child: ChildProcess;
  /** Resolves once this text was written to stderr. */
  said(text: string): Promise<void>;
  readonly exit: Promise<{ code: number | null; stderr: string }>;
}

function start(args: readonly string[] = [], environment: Record<string, string> = {}): Started {
  const child = spawn(process.execPath, [program.file, ...args], {
    env: { ...process.env, JOURNAL_STREAM: "", SYSTOLE_RUN: run, ...environment },
    stdio: ["ignore", "ignore", "pipe"],
  });
  children.push(child);
  let stderr = "";
  const waiting: { text: string; resolve: () => void }[] = [];
  child.stderr.on("data", (chunk: Buffer) => {
    stderr += chunk.toString("utf8");
    for (const { text, resolve } of waiting) if (stderr.includes(text)) resolve();
  });
  return {
    child,
    said: (text) =>
      new Promise((resolve, reject) => {
        if (stderr.includes(text)) resolve();
        else waiting.push({ text, resolve });
        child.on("close", () => reject(new Error(`ended without saying "${text}": ${stderr}`)));
      }),
    exit: new Promise((resolve) => child.on("close", (code) => resolve({ code, stderr }))),
  };
}

const sample = () => controlClient(join(run, "sample/control"));

describe("an orderly life", () => {
  test("starts, answers, stops in reverse order, exits 0, removes its pid file", async () => {
    const { child, said, exit } = start();
    await said("all is well");
    expect(await sample().call("ping")).toMatchObject({ name: "sample", version: "1.0", pid: child.pid });
    expect(readFileSync(join(run, "sample.pid"), "utf8")).toBe(`${child.pid}\n`);
    child.kill("SIGTERM");
    const { code, stderr } = await exit;
    expect(code).toBe(0);
    expect(stderr.indexOf("first stopped")).toBeLessThan(stderr.indexOf("last stopped"));
    expect(existsSync(join(run, "sample.pid"))).toBe(false);
    expect(existsSync(join(run, "sample/control"))).toBe(false);
  });

  test("tells the service manager", async () => {
    const path = join(run, "notify");
    const told: string[] = [];
    const manager = openUnixDatagram(path);
    const stopping = new Promise<void>((resolve) =>
      manager.listen((datagram) => {
        told.push(Buffer.from(datagram).toString("utf8").split("\n")[0]!);
        if (told.at(-1) === "STOPPING=1") resolve();
      }),
    );
    const { child, said, exit } = start([], { NOTIFY_SOCKET: path, WATCHDOG_USEC: "60000000" });
    await said("all is well");
    child.kill("SIGTERM");
    await exit;
    await stopping;
    manager.close();
    expect(told).toEqual(["READY=1", "WATCHDOG=1", "STOPPING=1"]);
  });
});

describe("configuration", () => {
  test("with an error: place, caret, hint, and the exit code of the options", async () => {
    const file = join(run, "sample.cf");
    writeFileSync(file, "three\n");
    const { code, stderr } = await start(["", file]).exit;
    expect(code).toBe(5);
    expect(stderr).toBe(
      [
        `${file}:1:1: error: "three" is not a number [bad-number]`,
        "    1 | three",
        "      | ^^^^^ write 3",
        "",
      ].join("\n"),
    );
    expect(existsSync(join(run, "sample.pid"))).toBe(false);
  });

  test("that is missing says so", async () => {
    const { code, stderr } = await start(["", join(run, "none")]).exit;
    expect(code).toBe(5);
    expect(stderr).toContain("error: no such file [unreadable]");
  });

  test("reload takes the new one, and keeps the old one where the new has an error", async () => {
    const file = join(run, "sample.cf");
    writeFileSync(file, "3\n");
    const { child, said } = start(["", file]);
    await said("all is well");
    writeFileSync(file, "4\n");
    await sample().call("reload");
    expect(await sample().call("value")).toBe(4);
    writeFileSync(file, "four\n");
    child.kill("SIGHUP");
    await said("the old configuration stays");
    expect(await sample().call("value")).toBe(4);
  });
});

describe("when it goes wrong", () => {
  test.each([
    { behaviour: "throw", says: "uncaught exception" },
    { behaviour: "background", says: "the watch failed" },
  ])("$behaviour: logged, exit 1, at once", async ({ behaviour, says }) => {
    const { code, stderr } = await start([behaviour]).exit;
    expect(code).toBe(1);
    expect(stderr).toContain(says);
  });

  test("a step of stopping that hangs costs its limit and the exit code, the others run", async () => {
    const { child, said, exit } = start(["hang"]);
    await said("all is well");
    child.kill("SIGTERM");
    const { code, stderr } = await exit;
    expect(code).toBe(1);
    expect(stderr).toContain("not done after 200 ms");
    expect(stderr).toContain("last stopped");
  });

  test("a second one of the same name refuses to start and leaves the first alone", async () => {
    const first = start();
    await first.said("all is well");
    const { code, stderr } = await start().exit;
    expect(code).toBe(1);
    expect(stderr).toContain("is it running already?");
    expect(await sample().call("ping")).toMatchObject({ pid: first.child.pid });
  });
});
