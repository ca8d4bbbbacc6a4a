/** The .rpm files, installed by the real rpm on a machine of its own: Debian's, for there is no other here. */
import { readdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { type Cluster, makeCluster } from "../lab/cluster.js";
import { Machine, machineRoot } from "../lab/machine.js";
import { run } from "../lab/process.js";
import { ultraMonkey } from "../lab/topology.js";
import { until } from "../lab/until.js";

const OUT = ".cache/test-packages/rpm";
const CONFIGURATION = ["/etc/ha.d/ha.cf", "/etc/ha.d/ldirectord.cf", "/etc/systole/notifier.ini"];
const NAMES = "systole systole-common systole-heartbeat systole-ldirectord systole-ctsyncd systole-notifier";
/** Dependencies have names of Fedora, which rpm on Debian does not know. */
const UPGRADE = "rpm --nodeps -U";

let cluster: Cluster;
let machine: Machine;

async function build(...flags: readonly string[]): Promise<void> {
  const command = [process.execPath, "packaging/package.mjs", "--fast", "--out", OUT, ...flags, "rpm"];
  await run(command, { timeoutMs: 1_200_000 });
}

beforeAll(async () => {
  rmSync(OUT, { recursive: true, force: true });
  await build();
  await build("--version", "99.0.0");
  cluster = await makeCluster({ topology: ultraMonkey({ directors: 1, reals: 0 }) });
  machine = await Machine.boot(cluster, cluster.node("director1"), machineRoot("trixie"));
  machine.bring(readdirSync(OUT).map((file) => join(OUT, file)));
}, 1_800_000);

afterAll(async () => {
  await cluster?.close();
});

test("one of each, with the files of the table in contents.mjs", async () => {
  const files = await machine.says(`rpm -qlp /packages/*-0.*.rpm | sort`);
  for (const file of [
    ...["/usr/lib/systole/heartbeat.mjs", "/usr/lib/systole/sysfd.node", "/etc/ha.d/authkeys"],
    ...["/usr/lib/systemd/system/ldirectord.service", "/usr/share/man/man5/ha.cf.5", "/usr/sbin/ctsync"],
  ])
    expect(files).toContain(file);
  const noarch = await machine.says(`rpm -qp --qf '%{NAME} %{ARCH}\\n' /packages/*-0.*.rpm | grep -c noarch`);
  expect(noarch).toBe("4");
});

test("every file below /etc is configuration that an upgrade does not replace", async () => {
  const flags = `rpm -qp --qf '[%{FILEFLAGS:fflags} %{FILENAMES}\\n]' /packages/*-0.*.rpm | grep ' /etc/.*/' | sort -u`;
  const files = (await machine.says(flags)).split("\n"); // directories are one level up
  expect(files.length).toBeGreaterThanOrEqual(CONFIGURATION.length);
  expect(files.filter((line) => !line.startsWith("cn "))).toEqual([]);
});

test("installed: the user is there, authkeys is closed, and a started notifierd runs", async () => {
  await machine.sh(`${UPGRADE} /packages/*-0.*.rpm`);
  expect(await machine.says("getent passwd systole | cut -d: -f7")).toBe("/usr/sbin/nologin");
  expect(await machine.says("stat -c %a /etc/ha.d/authkeys")).toBe("600");
  expect(await machine.says(`rpm -V --nodeps ${NAMES} | grep -v ' /var/\\| /run/'`)).toBe("");
  await machine.run(["systemctl", "start", "notifierd"]);
});

test("an upgrade keeps what was edited and goes on with the new program", async () => {
  const edit = "# edited by the administrator";
  for (const file of CONFIGURATION) machine.put(file, `${machine.read(file)}${edit}\n`);
  const pid = await machine.says("systemctl show -p MainPID --value notifierd");
  await machine.sh(`${UPGRADE} /packages/*-99.*.rpm`);
  expect(await machine.says(`rpm -q --qf '%{VERSION}' systole-heartbeat`)).toBe("99.0.0");
  expect(CONFIGURATION.filter((file) => !machine.read(file).includes(edit))).toEqual([]);
  await until(
    "notifierd to run",
    async () => (await machine.says("systemctl is-active notifierd")) === "active",
  );
  expect(await machine.says("systemctl show -p MainPID --value notifierd")).not.toBe(pid);
});

test("erased: nothing runs, and what was edited is kept beside", async () => {
  await machine.sh(`rpm --nodeps -e ${NAMES}`);
  expect(await machine.says("systemctl is-active notifierd")).toBe("inactive");
  expect(CONFIGURATION.filter((file) => !machine.has(`${file}.rpmsave`))).toEqual([]);
  expect(machine.has("/usr/lib/systole/heartbeat.mjs")).toBe(false);
});
