/**
 * All tests of each daemon's package, inside the sandbox of its unit: the installed unit with its user, capabilities, system
 * calls and file system, but vitest in the place of the daemon.
 */
import { afterAll, beforeAll, expect, test } from "vitest";
import { type Cluster, makeCluster } from "../../lab/cluster.js";
import { Machine, machineRoot } from "../../lab/machine.js";
import { ultraMonkey } from "../../lab/topology.js";
import { debs } from "../debs.js";
import { UNITS } from "../pair.js";

const VITEST =
  "/usr/bin/node /checkout/node_modules/vitest/vitest.mjs run --configLoader runner --cache=false";
const LIMIT_MS = 1_200_000;

let cluster: Cluster;
let machine: Machine;

beforeAll(async () => {
  cluster = await makeCluster({ topology: ultraMonkey({ directors: 1, reals: 0 }) });
  machine = await Machine.boot(cluster, cluster.node("director1"), machineRoot("trixie"));
  machine.bring(debs().old);
  await machine.sh("apt-get -q -y install /packages/*.deb", { timeoutMs: 240_000 });
}, 600_000);

afterAll(async () => {
  await cluster?.close();
});

/** The unit of a daemon, but running its tests once. */
function testUnit(unit: string): string {
  const without =
    /^(Type|ExecStart|ExecReload|WatchdogSec|Restart\w*|ConditionPathExists|TimeoutStopSec)=.*\n/gm;
  const own = machine.read(`/usr/lib/systemd/system/${unit}.service`).replaceAll(without, "");
  const lines = [
    ...["Type=oneshot", "WorkingDirectory=/checkout", "Environment=NO_COLOR=1 HOME=/tmp"],
    `ExecStart=${VITEST} packages/${unit}`,
  ];
  return own.replace("[Service]\n", `[Service]\n${lines.join("\n")}\n`);
}

test.each(UNITS)(
  "%s",
  async (unit) => {
    machine.put(`/etc/systemd/system/test-${unit}.service`, testUnit(unit));
    await machine.sh("systemctl daemon-reload");
    const { status } = await machine.sh(`systemctl start test-${unit}`, {
      check: false,
      timeoutMs: LIMIT_MS,
    });
    const said = await machine.says(`journalctl --no-pager -o cat -u test-${unit}`);
    expect(said).toMatch(/Tests .*\d+ passed/);
    if (status !== 0) throw new Error(said.slice(-10_000));
  },
  LIMIT_MS,
);
