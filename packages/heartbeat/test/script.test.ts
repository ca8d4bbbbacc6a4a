/** Scripts, units and agents as resources: real processes, in a folder of their own. */
import { chmodSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { seconds, systemClock } from "@systole/machine";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { runProgram } from "../src/resources/child-process.js";
import type { ResourceSpec } from "../src/resources/resource.js";
import { saysItRuns, script } from "../src/resources/script.js";

const spec = (text: string): ResourceSpec => {
  const [name = "", ...args] = text.split("::");
  return { text, script: name, args };
};
const never = new AbortController().signal;

describe("a script", () => {
  let folder = "";
  let scopes = false;
  const printed: string[] = [];
  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), "systole-script-"));
    for (const name of ["second", "units", "agents", "bin"]) mkdirSync(join(folder, name));
    write("echoing", 'echo "$HA_CURHOST $1 $2"; echo problem >&2');
    write("failing", "exit 3");
    write("running", "echo running");
    write("hanging", "sleep 600 & wait");
    write("second/later", "exit 0");
    write("leaving", "sleep 1 >&1 & echo running");
    writeFileSync(join(folder, "not-executable"), "");
  });
  afterAll(() => rmSync(folder, { recursive: true }));

  function write(name: string, body: string): void {
    writeFileSync(join(folder, name), `#!/bin/sh\n${body}\n`);
    chmodSync(join(folder, name), 0o755);
  }
  const of = (text: string) =>
    script(spec(text), {
      clock: systemClock(),
      places: {
        folders: [folder, join(folder, "second")],
        unitFolders: [join(folder, "units")],
        agentFolders: [join(folder, "agents")],
      },
      scriptLimit: () => seconds(300),
      inScopes: () => scopes,
      environment: () => ({ PATH: `${folder}/bin:${process.env.PATH}`, HA_CURHOST: "lb1" }),
      printed: (name, line) => printed.push(`${name}: ${line}`),
    });

  test("gets its arguments, the action and the environment; what it prints is logged", async () => {
    await of("echoing::one").start(never);
    expect(printed.toSorted()).toEqual(["echoing: lb1 one start", "echoing: problem"]);
  });

  test("fails by its exit status, but for status, whose output counts", async () => {
    await expect(of("failing").start(never)).rejects.toThrow("Return code 3 from failing");
    expect(await of("failing").status(never)).toBe(false);
    expect(await of("running").status(never)).toBe(true);
  });

  test("is looked for in the folders in order, and must be executable", async () => {
    await of("later").start(never);
    await expect(of("not-executable").start(never)).rejects.toThrow(
      "Cannot locate resource script not-executable",
    );
    await expect(of("missing").start(never)).rejects.toThrow("Cannot locate resource script missing");
  });

  test("that outlives its limit is ended with its children", async () => {
    const limit = new AbortController();
    const start = of("hanging").start(limit.signal);
    const since = performance.now();
    setImmediate(() => limit.abort());
    await expect(start).rejects.toThrow();
    expect(performance.now() - since).toBeLessThan(5000);
  });

  test("whose time is over already is not begun", async () => {
    const call = { program: join(folder, "echoing"), args: ["late"], environment: { PATH: "/usr/bin:/bin" } };
    const heard: string[] = [];
    const child = { clock: systemClock(), printed: (line: string) => heard.push(line) };
    await expect(runProgram(call, AbortSignal.abort(new Error("over")), child)).rejects.toThrow("over");
    expect(heard).toEqual([]);
  });

  test("that leaves a daemon behind does not hold the start", async () => {
    expect(await of("leaving").status(never)).toBe(true);
  });

  test("of no folder may be a unit of systemd", async () => {
    writeFileSync(join(folder, "units", "squid.service"), "");
    write("bin/systemctl", `echo "$*" >> ${folder}/asked; [ "$1" != is-active ]`);
    const squid = of("squid");
    await squid.start(never);
    expect(await squid.status(never)).toBe(false);
    await squid.stop(never);
    const asked = readFileSync(join(folder, "asked"), "utf8");
    expect(asked).toBe("start squid.service\nis-active squid.service\nstop squid.service\n");
  });

  test("of no folder may be an OCF agent: arguments have names, its exit status counts", async () => {
    write(
      "agents/Filesystem",
      `echo "$1 $OCF_RESKEY_device $OCF_RESKEY_directory"; [ "$1" != monitor ] || exit 7`,
    );
    printed.length = 0;
    const mount = of("Filesystem::/dev/sdb1::/srv::ext4");
    await mount.start(never);
    expect(await mount.status(never)).toBe(false);
    expect(printed).toEqual(["Filesystem: start /dev/sdb1 /srv", "Filesystem: monitor /dev/sdb1 /srv"]);
    write("agents/dhcpd", "exit 0");
    expect(await of("dhcpd::config=/etc/dhcpd.conf").status(never)).toBe(true);
    await expect(of("dhcpd::/etc/dhcpd.conf").start(never)).rejects.toThrow("as PARAMETER=/etc/dhcpd.conf");
  });

  test("starts in a transient scope of the service manager, and without one where there is none", async () => {
    write("bin/systemd-run", `echo "scope: $*"; while [ "$1" != -- ]; do shift; done; shift; exec "$@"`);
    scopes = true;
    printed.length = 0;
    await of("echoing::one").start(never);
    expect(printed.filter((line) => line.startsWith("echoing: scope"))).toEqual([
      `echoing: scope: --scope --quiet --collect --description=resource echoing::one -- ${folder}/echoing one start`,
    ]);
    write("bin/systemd-run", 'echo "Failed to connect to bus: No such file or directory" >&2; exit 1');
    await expect(of("failing").start(never)).rejects.toThrow("Return code 3 from failing");
    scopes = false;
  });

  test.each([
    { output: "running", runs: true },
    { output: "eth0: OK", runs: true },
    { output: "is NOT running", runs: false },
    { output: "not yet\nrunning", runs: false },
    { output: "stopped", runs: false },
    { output: "", runs: false },
  ])('status "$output": $runs', ({ output, runs }) => {
    expect(saysItRuns(output)).toBe(runs);
  });
});
