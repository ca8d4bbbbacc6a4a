/** Programs of respawn and failfast: when they are started, started again, given up, and ended. */
import { expect, test } from "vitest";
import type { ClientProgram } from "../src/config/ha-cf.types.js";
import { createClientPrograms, type ProgramEnd } from "../src/shell/client-programs.js";
import { settled, virtualClock } from "./virtual-clock.js";

const program = (path: string, failfast = false): ClientProgram => ({
  user: "hacluster",
  path,
  args: ["-x"],
  failfast,
  at: { line: 1, column: 1, length: 1 },
});

function world() {
  const clock = virtualClock();
  const told: string[] = [];
  const running = new Map<string, (end: ProgramEnd) => void>();
  const programs = createClientPrograms({
    clock,
    start({ path }) {
      told.push(`start ${path}`);
      const ended = new Promise<ProgramEnd>((resolve) => running.set(path, resolve));
      const signal = (name: string) => {
        told.push(`${name} ${path}`);
        running.get(path)?.({ status: undefined, signal: name });
      };
      return { pid: 7, ended, signal };
    },
    info: () => {},
    warn: (line) => told.push(line),
    error: (line) => told.push(line),
    reboot: (why) => told.push(`reboot: ${why}`),
  });
  const end = async (path: string, status: number) => {
    running.get(path)?.({ status, signal: undefined });
    await settled();
  };
  const pass = (ms: number) => clock.advance(ms);
  return { programs, told, end, pass };
}

test("nothing runs before communication is up; then each, once", async () => {
  const { programs, told } = world();
  await programs.use([program("/a"), program("/b")]);
  expect(told).toEqual([]);
  programs.begin();
  programs.begin();
  expect(told).toEqual(["start /a", "start /b"]);
});

test("one that ends is started again a second later, one that says 100 is not", async () => {
  const { programs, told, end, pass } = world();
  await programs.use([program("/a")]);
  programs.begin();
  await end("/a", 0);
  await pass(999);
  expect(told).toEqual([
    "start /a",
    "Managed /a -x process 7 exited with return code 0.",
    'Respawning client "/a -x":',
  ]);
  await pass(1);
  expect(told.at(-1)).toBe("start /a");
  await end("/a", 100);
  await pass(60_000);
  expect(told.slice(4)).toEqual(["Managed /a -x process 7 exited with return code 100."]);
});

test("more than ten short lives in a row: given up; a long life in between counts them anew", async () => {
  const { programs, told, end, pass } = world();
  await programs.use([program("/a")]);
  programs.begin();
  for (let life = 0; life < 10; life++) {
    await end("/a", 1);
    await pass(1000);
  }
  await pass(30_000);
  for (let life = 0; life < 11; life++) {
    await end("/a", 1);
    await pass(1000);
  }
  expect(told.filter((line) => line === "start /a")).toHaveLength(22);
  await end("/a", 1);
  await pass(60_000);
  expect(told.at(-1)).toBe('Client "/a -x" respawning too fast: given up');
});

test("failfast: anything but 0 and 100 is the end of the machine", async () => {
  const { programs, told, end, pass } = world();
  await programs.use([program("/a", true)]);
  programs.begin();
  await end("/a", 0);
  await pass(1000);
  expect(told.at(-1)).toBe("start /a");
  await end("/a", 1);
  expect(told.at(-1)).toBe('reboot: failfast client "/a -x" exited with return code 1');
});

test("all are ended, the last one first; a reload ends what is gone and starts what is new", async () => {
  const { programs, told } = world();
  await programs.use([program("/a"), program("/b"), program("/c")]);
  programs.begin();
  await programs.use([program("/a"), program("/c"), program("/d")]);
  expect(told.slice(3)).toEqual(["SIGTERM /b", "start /d"]);
  await programs.end();
  expect(told.slice(5)).toEqual(["SIGTERM /d", "SIGTERM /c", "SIGTERM /a"]);
});
