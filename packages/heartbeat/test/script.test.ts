/** Scripts, units and agents as resources: real processes, in a folder of their own. */
import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { seconds, systemClock } from "@systole/machine";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { until } from "../../../test/lab/until.js";
import { runProgram } from "../src/resources/child-process.js";
import { foreignPrograms } from "../src/resources/foreign-program.js";
import type { ResourceSpec } from "../src/resources/resource.js";
import { saysItRuns, script } from "../src/resources/script.js";

const spec = (text: string): ResourceSpec => {
  const [name = "", ...args] = text.split("::");
  return { text, script: name, args };
};
const never = new AbortController().signal;

describe("a script", () => {
  let folder = "";
  let units = false;
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
      runForeign: foreignPrograms({
        clock: systemClock(),
        asUnits: () => units,
        pipes: join(folder, "pipes"),
        refused: (what, why) => printed.push(`${what} is no unit: ${why}`),
      }),
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

  describe("under a service manager", () => {
    beforeAll(() => {
      units = true;
      // Like the real one: the program's output goes where the properties say, its status stays with the manager.
      write(
        "bin/systemd-run",
        `echo "$@" > ${folder}/demanded
while [ "$1" != -- ]; do case $1 in
    --property=StandardInput=*) in=\${1##*file:} ;;
    --property=StandardOutput=*) out=\${1##*file:} ;;
    --property=StandardError=*) err=\${1##*file:} ;;
esac; shift; done; shift
"$@" < "\${in:-/dev/null}" > "$out" 2> "$err"; echo $? > ${folder}/status; [ "$(cat ${folder}/status)" = 0 ]`,
      );
      write(
        "bin/systemctl",
        `[ "$1" != show ] || { echo "ExecMainStatus=$(cat ${folder}/status)"; echo ExecMainCode=1; }`,
      );
    });
    afterAll(() => {
      units = false;
    });

    test("runs as a transient unit; output and exit status are its own", async () => {
      printed.length = 0;
      await of("echoing::one").start(never);
      expect(printed.toSorted()).toEqual(["echoing: lb1 one start", "echoing: problem"]);
      const demanded = readFileSync(join(folder, "demanded"), "utf8");
      expect(demanded).toMatch(/--service-type=oneshot --unit=heartbeat-echoing-one-start-\d+-1 /);
      expect(demanded).toContain("--property=DefaultDependencies=no --property=KillMode=process");
      expect(await of("running").status(never)).toBe(true);
      await expect(of("failing").stop(never)).rejects.toThrow("Return code 3 from failing");
      expect(readdirSync(join(folder, "pipes"))).toEqual([]);
    });

    test("that outlives its limit is ended by the manager", async () => {
      write("bin/systemctl", `echo "$@" >> ${folder}/asked-to`);
      const limit = new AbortController();
      rmSync(join(folder, "demanded"));
      const start = of("hanging").start(limit.signal);
      start.catch(() => {}); // until it is awaited
      await until("the unit to be asked for", () => existsSync(join(folder, "demanded")));
      limit.abort(new Error("over"));
      await expect(start).rejects.toThrow("over");
      expect(readFileSync(join(folder, "asked-to"), "utf8")).toMatch(
        /^kill --signal=KILL heartbeat-hanging-start-/,
      );
    });

    test("that does not answer, it is our child, and that is said", async () => {
      write("bin/systemd-run", 'echo "Failed to connect to bus: No such file or directory" >&2; exit 1');
      printed.length = 0;
      await expect(of("failing").start(never)).rejects.toThrow("Return code 3 from failing");
      expect(printed).toEqual([
        "failing start is no unit: Failed to connect to bus: No such file or directory",
      ]);
    });
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
