/** The scenes of a package's life on two machines. Each leaves the machines as the next one in life.ts expects them. */
import { expect } from "vitest";
import type { Machine, Suite } from "../lab/machine.js";
import { until } from "../lab/until.js";
import { debs } from "./debs.js";
import { LOGS, MachinePair, SHIPPED_TIMES, UNITS, VIP } from "./pair.js";

/** The highest exposure that systemd-analyze may find. */
const EXPOSURE = { heartbeat: 3.5, ldirectord: 2.5, ctsyncd: 2.5, notifierd: 2.0 };
const EDITED = [
  "/etc/ha.d/ha.cf",
  "/etc/ha.d/haresources",
  "/etc/ha.d/ldirectord.cf",
  "/etc/systole/notifier.ini",
];
/** Longer than the longest WatchdogSec, 30 s. */
const WATCHDOG_LIMIT_MS = 90_000;
/** Those of this tree; newer ones begin with 99. */
const OURS = "/packages/*_0*.deb";
const INSTALL_LIMIT_MS = 240_000;

/** Every file of the system, but for what changes by itself or belongs to the package manager. */
const EVERYTHING = `find / -xdev \\( ${[
  ...["/proc", "/sys", "/dev", "/run", "/tmp", "/packages", "/var/tmp", "/var/cache", "/root"],
  ...["/var/lib/dpkg", "/var/lib/apt", "/var/lib/systemd", "/var/log/journal", "/var/log/apt"],
]
  .map((path) => `-path ${path}`)
  .join(" -o ")} -o -path /var/log/dpkg.log -o -path '/etc/*-' \\) -prune -o -print | sort`;

const pidOf = async (machine: Machine, unit: string) =>
  Number(await machine.says(`systemctl show -p MainPID --value ${unit}`));
const isUp = async (machine: Machine, unit: string) =>
  (await machine.says(`systemctl is-active ${unit}`)) === "active" && (await pidOf(machine, unit)) > 0;

/** What ldirectord says of itself to `systemctl status`, at the end of its line. */
const roleOf = async (machine: Machine) =>
  (await machine.says("systemctl show -p StatusText --value ldirectord")).split(", ").at(-1);

/** Two machines and the packages. */
export interface World {
  readonly suite: Suite;
  readonly pair: MachinePair;
  /** Every file of the second machine before anything was installed. */
  readonly filesBefore: string;
}

/** Debian 12 has Node.js 18, too old for us. */
const needsRuntime = (suite: Suite) => suite === "bookworm";

export async function begin(suite: Suite): Promise<World> {
  const pair = await MachinePair.boot(suite);
  await pair.startServers();
  const { old, newer, runtime } = debs();
  for (const machine of pair.machines)
    machine.bring([...old, ...newer, ...(needsRuntime(suite) ? runtime : [])]);
  return { suite, pair, filesBefore: await pair.machines[1].says(EVERYTHING) };
}

export async function install({ suite, pair }: World): Promise<void> {
  const [first] = pair.machines;
  const older = "# of an older installation\n";
  first.put("/etc/ha.d/haresources", older);
  if (needsRuntime(suite)) {
    const refused = await first.sh(`apt-get -s install $(ls ${OURS} | grep -v runtime) 2>&1`, {
      check: false,
    });
    expect(refused.status).not.toBe(0);
    expect(refused.stdout).toMatch(/nodejs .*systole-runtime/s);
  }
  const options = { timeoutMs: INSTALL_LIMIT_MS };
  await Promise.all(pair.machines.map((machine) => machine.sh(`apt-get -q -y install ${OURS}`, options)));
  expect(first.read("/etc/ha.d/haresources")).toBe(older); // taken over without a question
  expect(await first.says("systemctl --failed --no-legend --plain")).toBe("");
  expect(await first.says(`systemctl is-enabled ${UNITS.join(" ")}`)).toBe("enabled\n".repeat(4).trim());
  expect(await first.says(`systemctl is-active ${UNITS.join(" ")}`)).toBe(
    "active\ninactive\ninactive\ninactive",
  );
  const node = needsRuntime(suite) ? "/usr/lib/systole/runtime/node" : "/usr/bin/node";
  expect(await first.says("readlink /proc/$(systemctl show -p MainPID --value notifierd)/exe")).toBe(node);
  expect(await first.says("stat -c '%a %U:%G' /etc/ha.d/authkeys")).toBe("600 root:root");
}

export async function refuseWithoutKey({ pair }: World): Promise<void> {
  const [first] = pair.machines;
  const { status } = await first.sh("sed -i s/lb1/director1/ /etc/ha.d/ha.cf; systemctl start heartbeat", {
    check: false,
  });
  expect(status).not.toBe(0);
  expect(await first.says("journalctl --no-pager -u heartbeat")).toContain(
    "make a key: systole authkeys new",
  );
  await first.sh("systemctl reset-failed heartbeat");
}

export async function judgeUnit({ pair }: World, unit: (typeof UNITS)[number]): Promise<void> {
  const [first] = pair.machines;
  expect(await first.says(`systemd-analyze verify --man=no ${unit}.service 2>&1`)).toBe("");
  const told = await first.says(`systemd-analyze security --no-pager ${unit}.service | tail -n 1`);
  const exposure = Number(/: ([\d.]+) /.exec(told)?.[1]);
  expect(exposure).toBeLessThanOrEqual(EXPOSURE[unit]);
}

export async function formCluster({ pair }: World): Promise<void> {
  const [, second] = pair.machines;
  await pair.configure();
  await Promise.all(pair.machines.map((machine) => machine.run(["systemctl", "restart", ...UNITS])));
  expect((await pair.owner()).node.name).toBe("director1");
  const client = await pair.client();
  await client.answered();
  await client.stop();
  expect(await second.says("cl_status nodestatus director1")).toBe("active");
  expect(await Promise.all(pair.machines.map(roleOf))).toEqual(["active", "standby"]);
}

export async function refuseMistakes({ pair }: World): Promise<void> {
  const [, second] = pair.machines;
  for (const [unit, file] of [
    ["heartbeat", "/etc/ha.d/ha.cf"],
    ["ldirectord", "/etc/ha.d/ldirectord.cf"],
    ["notifierd", "/etc/systole/notifier.ini"],
    ["ctsyncd", "/etc/conntrackd/conntrackd.conf"],
  ]) {
    const before = second.read(file!);
    expect((await second.sh(`systemctl reload ${unit}`)).status).toBe(0);
    second.put(file!, `${before}\nnonsense { here\n`);
    const { status } = await second.sh(`systemctl reload ${unit}`, { check: false });
    second.put(file!, before);
    expect({ unit, failed: status !== 0 }).toEqual({ unit, failed: true });
    expect(await isUp(second, unit!)).toBe(true);
    expect(await second.says(`journalctl --no-pager -u ${unit}`)).toContain(file);
  }
}

/** The old log goes aside, the next line is in the new one: with the rights and inside the sandbox of the unit, too. */
export async function rotateLogs({ pair }: World): Promise<void> {
  const [, second] = pair.machines;
  for (const [unit, log] of Object.entries(LOGS)) {
    await until(`${unit} to write ${log}`, () => second.has(log) && second.read(log) !== "");
    await second.run(["logrotate", "--force", "--state", "/run/logrotate", `/etc/logrotate.d/${unit}`]);
    expect(second.read(`${log}.1`)).not.toBe("");
    const written = async () => {
      await second.run(["systemctl", "reload", unit]);
      return second.read(log) !== "";
    };
    await until(`${unit} to write a new ${log}`, written, { everyMs: 500 });
  }
}

export async function upgrade({ pair }: World): Promise<void> {
  const [first, second] = pair.machines;
  await pair.setTimes(SHIPPED_TIMES);
  const client = await pair.client();
  await client.answered();
  const pids = await Promise.all(UNITS.map((unit) => pidOf(first, unit)));
  const edited = EDITED.map((file) => first.read(file));
  const seen = new Set<string>();
  const watch = setInterval(() => {
    if (!first.node.holds(VIP)) seen.add("director1 without the VIP");
    if (second.node.holds(VIP)) seen.add("director2 with the VIP");
  }, 5);
  await first.apt("install /packages/*_99.deb");
  for (const unit of UNITS) await until(`${unit} to run`, () => isUp(first, unit), { limitMs: 30_000 });
  clearInterval(watch);
  expect(await first.says("dpkg-query -W systole-heartbeat")).toMatch(/\t99$/);
  const renewed = await Promise.all(UNITS.map((unit) => pidOf(first, unit)));
  expect(renewed.filter((pid, index) => pid === pids[index])).toEqual([]);
  expect(EDITED.map((file) => first.read(file))).toEqual(edited);
  expect(EDITED.filter((file) => !first.has(`${file}.dpkg-dist`))).toEqual([]);
  expect(await first.says("journalctl --no-pager -u heartbeat")).toContain("kept, we are back");
  const told = (machine: Machine) =>
    machine.says("journalctl --no-pager -o short-precise -u heartbeat -n 60");
  if (seen.size > 0) throw new Error([...seen, "", await told(first), "", await told(second)].join("\n"));
  expect((await client.stop()).errors).toEqual({});
  await pair.setTimes();
}

export async function hang({ pair }: World): Promise<void> {
  const [, second] = pair.machines;
  const pids = await Promise.all(UNITS.map((unit) => pidOf(second, unit)));
  await second.run(["systemctl", "kill", "--kill-who=main", "--signal=STOP", ...UNITS]);
  for (const [index, unit] of UNITS.entries()) {
    const replaced = async () => (await isUp(second, unit)) && (await pidOf(second, unit)) !== pids[index];
    await until(`the watchdog to replace ${unit}`, replaced, { limitMs: WATCHDOG_LIMIT_MS, everyMs: 500 });
  }
  await until(
    "director2 to be back",
    async () => (await second.says("cl_status nodestatus director1")) === "active",
    { limitMs: 120_000 },
  );
}

export async function losePower({ pair }: World): Promise<void> {
  const [first, second] = pair.machines;
  const letters = pair.mails.length;
  await first.powerOff();
  await until("director2 to take the VIP", () => second.node.holds(VIP), { limitMs: 120_000 });
  const client = await pair.client();
  await client.answered();
  await client.stop();
  expect(await roleOf(second)).toBe("active");
  await until("the mail", () => /director2.*director1/.test(pair.mails.slice(letters)), { limitMs: 60_000 });
}

export async function removeAndPurge({ pair, filesBefore }: World): Promise<void> {
  const [, second] = pair.machines;
  await second.apt("remove 'systole*'");
  expect(second.node.holds(VIP)).toBe(false);
  expect(await second.says(`systemctl is-active ${UNITS.join(" ")}`)).toBe("inactive\n".repeat(4).trim());
  expect(EDITED.filter((file) => !second.has(file))).toEqual([]);
  await second.apt("purge 'systole*'");
  await second.sh("systemctl daemon-reload");
  expect((await second.says(EVERYTHING)).split("\n")).toEqual(filesBefore.split("\n"));
  expect(await second.says("systemctl --failed --no-legend --plain")).toBe("");
}
