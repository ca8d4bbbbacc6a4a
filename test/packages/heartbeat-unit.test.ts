/**
 * Everything that heartbeat does, inside its unit: media, VIPs, nftables, logs, real-time scheduling; and programs of
 * others, which may do what heartbeat itself may not.
 */
import { chmodSync } from "node:fs";
import { afterAll, beforeAll, expect, test } from "vitest";
import { type Cluster, makeCluster } from "../lab/cluster.js";
import { Machine, machineRoot } from "../lab/machine.js";
import { ultraMonkey } from "../lab/topology.js";
import { until } from "../lab/until.js";
import { debs } from "./debs.js";

const HA_CF = `keepalive 1
warntime 5
deadtime 15
initdead 15
logfile /var/log/ha-log
debugfile /var/log/ha-debug
logfacility local0
bcast hb1
ucast lan 10.0.2.2
mcast pub 239.0.0.42 694 1 0
ping 10.0.1.100
auto_failback on
node director1 director2
stonith fence_lab /etc/ha.d/fence_lab
respawn hacluster /usr/local/lib/client client $b
`;
const LONE_HA_CF = `keepalive 1
deadtime 5
initdead 5
logfile /var/log/ha-log
bcast pub
node client
failfast root /usr/local/lib/vital
`;
const HARESOURCES = `director1 portblock::tcp::8080::block IPaddr2::10.0.1.200/24/pub IPaddr2::10.0.2.254/24/lan marker::a$b sleeper Dummy MailTo::ops
director2 IPv6addr::fd00:1::200/64/pub
`;
/** Does and notes what a sandbox would forbid, and leaves a daemon behind. */
const MARKER = `#!/bin/bash
case $2 in
start)
    exec >/root/marker.start
    grep -h -e ^CapEff -e ^NoNewPrivs /proc/self/status
    echo "oom $(cat /proc/self/oom_score_adj), parent $(cat /proc/$PPID/comm), argument $1, host $HA_CURHOST"
    touch /usr/local/marker && echo "writes /usr"
    mount -t tmpfs marker /mnt && touch /mnt/marker && echo "mounts"
    touch /tmp/marker && echo complaining >&2
    setsid sleep 1000000 </dev/null >/dev/null 2>&1 &
    echo $! >/root/marker.pid
    ;;
stop) kill "$(cat /root/marker.pid)"; umount /mnt; echo stopped >/root/marker.stop ;;
status) [ -e /mnt/marker ] && echo running || echo stopped ;;
esac
`;
const FENCE = `#!/bin/bash
cat >>/root/fenced
grep ^CapEff /proc/self/status >>/root/fenced
`;
const DUMMY = `#!/bin/sh
[ "$1" != monitor ] || [ -e /usr/local/dummy ] || exit 7
[ "$1" != start ] || touch /usr/local/dummy
[ "$1" != stop ] || rm -f /usr/local/dummy
`;
/** Of the user hacluster, and member of the cluster's API. */
const CLIENT = `#!/bin/bash
{ id -un; echo "$*"; grep -h -e ^NoNewPrivs /proc/self/status; } >/var/tmp/client.is
exec sleep 1000000
`;
const VITAL = `#!/bin/bash
touch /root/lives
while [ ! -e /root/die ]; do sleep 0.2; done
exit 1
`;
const EVENT = `#!/bin/bash
echo "$HA_src $HA_st" >>/root/events
grep ^CapEff /proc/self/status >>/root/events
`;
const PATIENT = { limitMs: 120_000 };
const SLEEPER = "[Service]\nExecStart=/bin/sleep infinity\n";

let cluster: Cluster;
let machine: Machine;

function program(file: string, text: string, on = machine): void {
  on.put(file, text);
  chmodSync(on.path(file), 0o755);
}
const pid = () => machine.says("systemctl show -p MainPID --value heartbeat");
const isActive = async (unit: string) => (await machine.says(`systemctl is-active ${unit}`)) === "active";

beforeAll(async () => {
  cluster = await makeCluster({ topology: ultraMonkey({ directors: 2, reals: 0 }) });
  machine = await Machine.boot(cluster, cluster.node("director1"), machineRoot("trixie"));
  machine.bring(debs().old);
  await machine.sh("apt-get -q -y install /packages/*.deb", { timeoutMs: 240_000 });
  await machine.run(["systole", "authkeys", "new"]);
  machine.put("/etc/ha.d/ha.cf", HA_CF);
  machine.put("/etc/ha.d/haresources", HARESOURCES);
  machine.put("/etc/ha.d/fence_lab", "ip=10.0.9.1\npassword=secret\n", 0o600);
  program("/etc/ha.d/resource.d/marker", MARKER);
  program("/usr/sbin/fence_lab", FENCE);
  program("/usr/local/lib/client", CLIENT);
  program("/etc/ha.d/rc.d/status", EVENT);
  program("/usr/lib/ocf/resource.d/heartbeat/Dummy", DUMMY);
  machine.put("/etc/systemd/system/sleeper.service", SLEEPER);
  await machine.sh("systemctl daemon-reload; systemctl stop notifierd; systemctl start heartbeat");
}, 600_000);

afterAll(async () => {
  await cluster?.close();
});

test("takes its own group, and that of the dead peer after it was fenced", async () => {
  const { node } = machine;
  await until("all groups", () => machine.has("/usr/local/dummy") && node.holds("fd00:1::200"), {
    limitMs: 120_000,
  });
  expect(node.holds("10.0.2.254")).toBe(true);
  expect(await machine.says("nft list ruleset")).toContain("8080");
  expect(await isActive("sleeper")).toBe(true);
  expect(machine.read("/var/log/ha-log")).toContain("director2");
  expect(await machine.says("ls /var/spool/systole/drop")).toContain("heartbeat");
  expect(await machine.says("cl_status nodestatus 10.0.1.100")).toBe("ping");
  expect(await machine.says("chrt -p $(systemctl show -p MainPID --value heartbeat)")).toContain("SCHED_RR");
});

test("the journal has each line once, with its facility and its fields", async () => {
  const line = "Configuration validated. Starting heartbeat";
  const journal = "journalctl --no-pager -u heartbeat";
  expect(await machine.says(`${journal} | grep -c '${line}'`)).toBe("1");
  const found = await machine.says(
    `${journal} -o json SYSLOG_FACILITY=16 SYSTOLE_EVENT=start | grep '${line}'`,
  );
  expect(JSON.parse(found)).toMatchObject({ PRIORITY: "6", SYSLOG_IDENTIFIER: "heartbeat" });
});

test("a script is a unit of its own: all of root's rights, none of heartbeat's limits", async () => {
  const [capabilities, noNew, rest, ...did] = machine.read("/root/marker.start").trim().split("\n");
  expect(capabilities).toBe(await machine.says("grep ^CapEff /proc/1/status"));
  expect(noNew).toBe("NoNewPrivs:\t0");
  expect(rest).toBe("oom 0, parent systemd, argument a$b, host director1");
  expect(did).toEqual(["writes /usr", "mounts"]);
  expect(await machine.says("ls /mnt/marker /tmp/marker | wc -l")).toBe("2");
  expect(machine.read("/var/log/ha-debug")).toContain("complaining");
});

test("so is what fences; its password is nowhere but on its standard input", async () => {
  const [, ...words] = machine.read("/root/fenced").trim().split("\n");
  expect(words).toContain("password=secret");
  expect(words).toContain("plug=director2");
  expect(words).toContain(await machine.says("grep ^CapEff /proc/1/status"));
  expect(await machine.says("grep -rl secret /run; journalctl --no-pager | grep secret")).toBe("");
  expect(await machine.says("ls /run/systole/scripts | grep -v client")).toBe("");
});

test("so are event scripts, and clients, as their users; one that dies is started again", async () => {
  const allRights = await machine.says("grep ^CapEff /proc/1/status");
  const events = () => (machine.has("/root/events") ? machine.read("/root/events").split("\n") : []);
  await until("the event script", () => events().includes("director2 dead"), PATIENT);
  expect(events()[events().indexOf("director2 dead") + 1]).toBe(allRights);
  await until("the client", () => machine.has("/var/tmp/client.is"), PATIENT);
  expect(machine.read("/var/tmp/client.is")).toBe("hacluster\nclient $b\nNoNewPrivs:\t0\n");
  const pid = await machine.says("pgrep -u hacluster sleep");
  expect(await machine.says(`cat /proc/${pid}/cgroup`)).toMatch(/heartbeat-client-client-/);
  await machine.sh(`kill -SEGV ${pid}`);
  await until(
    "the client to be back",
    async () => {
      const next = await machine.says("pgrep -u hacluster sleep");
      return next !== "" && next !== pid;
    },
    PATIENT,
  );
  expect(await machine.says("journalctl --no-pager -u heartbeat")).toContain(
    `process ${pid} killed by SIGSEGV.`,
  );
});

test("a heartbeat that is killed comes back and finds everything as it was", async () => {
  const before = await pid();
  const daemon = machine.read("/root/marker.pid").trim();
  const client = await machine.says("pgrep -u hacluster sleep");
  await machine.run(["systemctl", "kill", "--kill-who=main", "--signal=KILL", "heartbeat"]);
  await until("heartbeat", async () => (await isActive("heartbeat")) && (await pid()) !== before, {
    limitMs: 60_000,
  });
  await until("its groups", async () => (await machine.says("cl_status rscstatus")) !== "none", {
    limitMs: 120_000,
  });
  expect(await machine.says(`cat /proc/${daemon}/comm`)).toBe("sleep");
  expect(machine.node.holds("10.0.1.200")).toBe(true);
  expect(machine.has("/root/marker.stop")).toBe(false);
  await until(
    "one client of its own",
    async () => {
      const clients = (await machine.says("pgrep -u hacluster sleep")).split("\n");
      return clients.length === 1 && clients[0] !== "" && clients[0] !== client;
    },
    PATIENT,
  );
});

test("a stop stops the scripts and the clients", async () => {
  await machine.sh("systemctl stop heartbeat");
  expect(machine.read("/root/marker.stop")).toBe("stopped\n");
  expect(await machine.says("pgrep -u hacluster sleep; systemctl list-units --no-legend 'heartbeat-*'")).toBe(
    "",
  );
  expect([
    machine.has("/usr/local/dummy"),
    await isActive("sleeper"),
    machine.node.holds("10.0.1.200"),
  ]).toEqual([false, false, false]);
});

test("the end of the machine stops the scripts", async () => {
  await machine.sh("rm /root/marker.*; systemctl start heartbeat");
  await until("the script to start again", () => machine.has("/root/marker.pid"), PATIENT);
  await machine.sh("systemctl poweroff", { check: false });
  await until("the machine to be off", () => !machine.isOn(), PATIENT);
  expect(machine.read("/root/marker.stop")).toBe("stopped\n");
});

test("a vital client that dies takes its machine with it: heartbeat may reboot, and asks nobody", async () => {
  const lone = await Machine.boot(cluster, cluster.node("client"), machineRoot("trixie"));
  lone.bring(debs().old);
  await lone.sh("apt-get -q -y install /packages/*.deb", { timeoutMs: 240_000 });
  await lone.run(["systole", "authkeys", "new"]);
  lone.put("/etc/ha.d/ha.cf", LONE_HA_CF);
  lone.put("/etc/ha.d/haresources", "");
  program("/usr/local/lib/vital", VITAL, lone);
  await lone.run(["systemctl", "start", "heartbeat"]);
  await until("the vital client", () => lone.has("/root/lives"), PATIENT);
  lone.put("/root/die", "");
  await until("the machine to be gone", () => !lone.isOn(), PATIENT);
  expect(lone.read("/var/log/ha-log")).toMatch(
    /failfast client "\/usr\/local\/lib\/vital" exited .*rebooted/,
  );
});
