/** What `@systole/sys` does to its own process: in a child, for it cannot be undone. Needs root and the built packages. */
import { spawnSync } from "node:child_process";
import { writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { expect, test } from "vitest";

const SYS = pathToFileURL("packages/sys/dist/index.js").href;

/** Runs a module with all of `@systole/sys` as `sys`; its last line of output is JSON. */
function child(script: string): unknown {
  const program = `import * as sys from ${JSON.stringify(SYS)};
    import { readFileSync } from "node:fs";
    import { execFileSync } from "node:child_process";
    const policy = (stat) => Number(stat.slice(stat.lastIndexOf(")") + 2).split(" ")[38]);
    ${script}`;
  const flags = ["--single-threaded-gc", "--input-type=module", "-e", program];
  const { stdout, stderr } = spawnSync(process.execPath, flags, { timeout: 30_000 });
  try {
    return JSON.parse(stdout.toString());
  } catch {
    throw new Error(`${stdout}${stderr}`);
  }
}

test("real-time is for this process, not for what it starts", () => {
  expect(
    child(`
      sys.realtime(1);
      const own = policy(readFileSync("/proc/self/stat", "latin1"));
      console.log(JSON.stringify([own, policy(execFileSync("cat", ["/proc/self/stat"]).toString())]));
    `),
  ).toEqual([2, 0]); // SCHED_RR, SCHED_OTHER
});

test("locked program text survives garbage collection", () => {
  const locked = child(`
    const locked = sys.lockProgramText();
    let garbage;
    for (let i = 0; i < 30; i++) garbage = Array.from({ length: 100_000 }, (_, n) => ({ n }));
    console.log(JSON.stringify({ ...locked, kilobytes: Number(/VmLck:\\s+(\\d+)/.exec(readFileSync("/proc/self/status", "latin1"))[1]) }));
  `);
  expect(locked).toMatchObject({ refused: 0 });
  const { mappings, bytes, kilobytes } = locked as Record<string, number>; // printed by the child above
  expect(mappings).toBeGreaterThan(5);
  expect(kilobytes! * 1024).toBeGreaterThan(bytes! / 2);
});

test("a watchdog that is no device is refused, and none is made", () => {
  const path = join(tmpdir(), `systole-no-watchdog-${process.pid}`);
  const refusal = `try { sys.openWatchdog(${JSON.stringify(path)}, 3) } catch (e) { console.log(JSON.stringify(e.code)) }`;
  expect(child(refusal)).toBe("ENOENT");
  writeFileSync(path, "");
  expect(child(`${refusal}; (await import("node:fs")).rmSync(${JSON.stringify(path)});`)).toBe("ENOTTY");
});
