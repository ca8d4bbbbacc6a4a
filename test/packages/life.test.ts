/**
 * The whole life of the packages on two Debian 13 machines, in the order an administrator lives it: install, edit, start,
 * upgrade, a process that hangs, a director that loses power, remove, purge.
 */
import { afterAll, beforeAll, expect, test } from "vitest";
import type { Machine } from "../lab/machine.js";
import { until } from "../lab/until.js";
import { buildDebs, type Debs } from "./debs.js";
import { MachinePair, UNITS, VIP } from "./pair.js";

/** The highest exposure that systemd-analyze may find. */
const EXPOSURE = { heartbeat: 8.7, ldirectord: 2.5, ctsyncd: 2.5, notifierd: 2.0 };
const EDITED = [
  "/etc/ha.d/ha.cf",
  "/etc/ha.d/haresources",
  "/etc/ha.d/ldirectord.cf",
  "/etc/systole/notifier.ini",
];
/** Longer than the longest WatchdogSec, 30 s. */
const WATCHDOG_LIMIT_MS = 90_000;

let debs: Debs;
let pair: MachinePair;
let first: Machine;
let second: Machine;
let filesBefore: string;

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

beforeAll(async () => {
  debs = await buildDebs("life");
  pair = await MachinePair.boot("trixie");
  [first, second] = pair.machines;
  await pair.startServers();
}, 1_800_000);

afterAll(async () => {
  await pair?.close();
});

test("all packages install; nothing fails; only notifierd runs before anything is edited", async () => {
  filesBefore = await second.says(EVERYTHING);
  const older = "# of an older installation\n";
  first.put("/etc/ha.d/haresources", older);
  await Promise.all(
    pair.machines.map(async (machine) => {
      machine.bring([...debs.old, ...debs.newer]);
      await machine.sh("apt-get -q -y install /packages/*_0*.deb", { timeoutMs: 240_000 });
    }),
  );
  expect(first.read("/etc/ha.d/haresources")).toBe(older); // taken over without a question
  expect(await first.says("systemctl --failed --no-legend --plain")).toBe("");
  expect(await first.says(`systemctl is-enabled ${UNITS.join(" ")}`)).toBe("enabled\n".repeat(4).trim());
  expect(await first.says(`systemctl is-active ${UNITS.join(" ")}`)).toBe(
    "active\ninactive\ninactive\ninactive",
  );
  expect(await first.says("stat -c '%a %U:%G' /etc/ha.d/authkeys")).toBe("600 root:root");
});

test("without a key heartbeat does not start, and says how to make one", async () => {
  const { status } = await first.sh("sed -i s/lb1/director1/ /etc/ha.d/ha.cf; systemctl start heartbeat", {
    check: false,
  });
  expect(status).not.toBe(0);
  expect(await first.says("journalctl --no-pager -u heartbeat")).toContain(
    "make a key: systole authkeys new",
  );
  await first.sh("systemctl reset-failed heartbeat");
});

test.each(UNITS)(
  "%s: systemd finds no fault in the unit, and its sandbox is as tight as we say",
  async (unit) => {
    expect(await first.says(`systemd-analyze verify --man=no ${unit}.service 2>&1`)).toBe("");
    const told = await first.says(`systemd-analyze security --no-pager ${unit}.service | tail -n 1`);
    const exposure = Number(/: ([\d.]+) /.exec(told)?.[1]);
    expect(exposure).toBeLessThanOrEqual(EXPOSURE[unit]);
  },
);

test("edited and started, the two form a cluster, and a client is served", async () => {
  await pair.configure();
  await Promise.all(pair.machines.map((machine) => machine.run(["systemctl", "restart", ...UNITS])));
  expect((await pair.owner()).node.name).toBe("director1");
  const client = await pair.client();
  await client.answered();
  await client.stop();
  expect(await second.says("cl_status nodestatus director1")).toBe("active");
});

test("a reload with a mistake fails, says what is wrong, and changes nothing", async () => {
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
});

test("an upgrade keeps edited files and does not move the VIP; the client notices nothing", async () => {
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
  expect([...seen]).toEqual([]);
  expect((await client.stop()).errors).toEqual({});
});

test("a process that hangs is replaced by the watchdog", async () => {
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
});

test("a director loses power: the other has the VIP, the client is served, the mail arrives", async () => {
  const letters = pair.mails.length;
  await first.powerOff();
  await until("director2 to take the VIP", () => second.node.holds(VIP), { limitMs: 120_000 });
  const client = await pair.client();
  await client.answered();
  await client.stop();
  await until("the mail", () => /director2.*director1/.test(pair.mails.slice(letters)), { limitMs: 60_000 });
});

test("remove stops everything and keeps the files; purge leaves nothing", async () => {
  await second.apt("remove 'systole*'");
  expect(second.node.holds(VIP)).toBe(false);
  expect(await second.says(`systemctl is-active ${UNITS.join(" ")}`)).toBe("inactive\n".repeat(4).trim());
  expect(EDITED.filter((file) => !second.has(file))).toEqual([]);
  await second.apt("purge 'systole*'");
  await second.sh("systemctl daemon-reload");
  expect((await second.says(EVERYTHING)).split("\n")).toEqual(filesBefore.split("\n"));
  expect(await second.says("systemctl --failed --no-legend --plain")).toBe("");
});
