/** `systole authkeys new` on files of a directory of its own. */
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { runProgram } from "@systole/daemon";
import { afterEach, beforeEach, expect, test } from "vitest";
import { program } from "../src/program.js";

let folder: string;
let file: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "systole-"));
  file = join(folder, "authkeys");
});
afterEach(() => rmSync(folder, { recursive: true }));

async function run(...args: readonly string[]) {
  let text = "";
  const write = (part: string) => {
    text += part;
  };
  const door = { args: ["authkeys", ...args], stdout: write, stderr: write, color: false };
  return { code: await runProgram(program(folder), door), text };
}

test("a new file: sha256, 32 bytes, mode 0600, nothing else left", async () => {
  const { code, text } = await run("new", file);
  expect(code).toBe(0);
  expect(readFileSync(file, "utf8")).toMatch(/^auth 1\n1 sha256 [0-9a-f]{64}\n$/);
  expect(statSync(file).mode & 0o777).toBe(0o600);
  expect(text).toContain("Copy the file to the other director");
  expect(readdirSync(folder)).toEqual(["authkeys"]);
});

test("two keys are never the same", async () => {
  const first = await run("new", "-");
  expect((await run("new", "-")).text).not.toBe(first.text);
});

test("sha1 for a peer that is heartbeat 3", async () => {
  expect((await run("new", "-", "--method", "sha1")).text).toMatch(/^auth 1\n1 sha1 [0-9a-f]{64}\n$/);
});

test("the packages' file, which is comments only and readable by all, is filled and closed", async () => {
  writeFileSync(file, "# auth 1\n", { mode: 0o644 });
  expect((await run("new", file)).code).toBe(0);
  expect(statSync(file).mode & 0o777).toBe(0o600);
});

test.each(["auth 1\n1 sha1 x\n", "  3 md5 y\n"])("keys that are there stay: %j", async (keys) => {
  writeFileSync(file, keys);
  const { code, text } = await run("new", file);
  expect(code).toBe(1);
  expect(text).toContain("has keys already");
  expect(readFileSync(file, "utf8")).toBe(keys);
  expect((await run("new", file, "--force")).code).toBe(0);
  expect(readFileSync(file, "utf8")).not.toBe(keys);
});

test.each([
  { args: ["new", "-", "--method", "crc"], says: "crc: one of sha1, sha256, sha512" },
  { args: ["old"], says: 'authkeys old: the one thing to do is "new"' },
])("$args: refused", async ({ args, says }) => {
  const { code, text } = await run(...args);
  expect(code).toBe(1);
  expect(text).toContain(says);
});
