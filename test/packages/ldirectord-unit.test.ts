/**
 * ldirectord as heartbeat's resource: the original is started by heartbeat and its unit is disabled; ours must run before
 * heartbeat asks for its table. The packages see to it, in both directions.
 */
import { readFileSync } from "node:fs";
import { afterAll, beforeAll, expect, test } from "vitest";
import { type Cluster, makeCluster } from "../lab/cluster.js";
import { Machine, machineRoot } from "../lab/machine.js";
import { ultraMonkey } from "../lab/topology.js";
import { debs } from "./debs.js";
import { OURS } from "./migration.js";

let cluster: Cluster;
let machine: Machine;

const state = () => machine.says("systemctl is-enabled ldirectord; systemctl is-active ldirectord");

beforeAll(async () => {
  cluster = await makeCluster({ topology: ultraMonkey({ directors: 1, reals: 0 }) });
  machine = await Machine.boot(cluster, cluster.node("director1"), machineRoot("ultramonkey"), [
    "ldirectord",
  ]);
  const { old, runtime } = debs();
  machine.bring([...old, ...runtime]);
  machine.put("/etc/ha.d/haresources", "director1 ldirectord::ldirectord.cf IPaddr2::10.0.1.200/24/pub\n");
  machine.put("/etc/ha.d/ldirectord.cf", readFileSync("test/demo/ha.d/ldirectord.cf", "utf8"));
});

afterAll(async () => {
  await cluster?.close();
});

test("ours runs, and will after a boot, though the original's unit was disabled", async () => {
  expect(await state()).toBe("disabled\ninactive");
  await machine.apt(`install ${OURS}`);
  expect(await state()).toBe("enabled\nactive");
});

test("the original finds its unit disabled again: heartbeat starts it", async () => {
  await machine.apt("install /originals/*.deb");
  expect(await machine.says("dpkg -l ldirectord | grep -c ^ii")).toBe("1");
  expect(await state()).toBe("disabled\ninactive");
});

test("ours once more", async () => {
  await machine.apt(`install ${OURS}`);
  expect(await state()).toBe("enabled\nactive");
});

test("disabled by the administrator it stays so in an upgrade", async () => {
  await machine.sh("systemctl disable --now ldirectord");
  await machine.apt(`--reinstall install ${OURS}`);
  expect(await state()).toBe("disabled\ninactive");
});
