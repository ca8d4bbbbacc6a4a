/** Real daemons whose events nobody hears: the drop box keeps them, also beyond their own death, also on a full disk. */
import { afterAll, beforeAll, expect, test } from "vitest";
import { alive, type Cluster, makeCluster } from "../lab/cluster.js";
import type { LabNode } from "../lab/node.js";
import { signalTo } from "../lab/process.js";
import { ultraMonkey } from "../lab/topology.js";
import { until } from "../lab/until.js";
import { configuration } from "./ctsyncd-pair.js";
import { masqDirector, VIP } from "./traffic/traffic.js";

const program = (daemon: string) =>
  new URL(`../../packages/${daemon}/dist/bin/${daemon}.js`, import.meta.url).pathname;
const BOX = "/var/spool/systole/drop";
const MAIL = "/var/log/lab/mail";
const SERVICE = `virtual=${VIP}:80
\treal=10.0.2.11:80 masq
\treal=10.0.2.12:80 masq
\tchecktype=connect
\tscheduler=rr
`;
const INI = `[notifier]
ceiling = 0
[smtp]
sendmail = /etc/systole/sendmail
[recipient ops@example.org]
severity = info
`;

let cluster: Cluster;
let director: LabNode;
const pids = new Map<string, number>();

beforeAll(async () => {
  cluster = await makeCluster({ topology: ultraMonkey({ directors: 1, heartbeats: 1 }) });
  director = cluster.node("director1");
  await masqDirector(cluster, director.name);
  const times = "keepalive 500ms\ndeadtime 3\ninitdead 3\n";
  director.put("/etc/ha.d/ha.cf", `${times}node director1 director2\nauto_failback off\nbcast hb1\n`);
  director.put("/etc/ha.d/haresources", `director1 IPaddr2::${VIP}/24/pub\n`);
  director.put("/etc/ha.d/authkeys", "auth 1\n1 sha1 laboratory-key\n", 0o600);
  director.put("/etc/ha.d/ldirectord.cf", `checkinterval=1\nchecktimeout=2\nquiescent=yes\n${SERVICE}`);
  director.put("/etc/conntrackd/conntrackd.conf", configuration(director, "udp"));
  director.put("/etc/systole/notifier.ini", INI);
  director.put("/etc/systole/sendmail", `#!/bin/sh\ncat >>${MAIL}\n`, 0o755);
  await director.sh(`mkdir -p -m 0700 ${BOX} && touch ${MAIL}`);
}, 120_000);
afterAll(() => cluster.close());

async function start(daemon: string, ...words: readonly string[]): Promise<void> {
  pids.set(daemon, await director.daemon(daemon, [process.execPath, program(daemon), ...words]));
}

const startLdirectord = () => start("ldirectord", "--foreground", "/etc/ha.d/ldirectord.cf", "start");

async function end(daemon: string, signal: NodeJS.Signals): Promise<void> {
  const pid = pids.get(daemon)!;
  signalTo(pid, signal);
  await until(`${daemon} to end`, () => !alive(pid), { limitMs: 30_000 });
}

const box = async () => (await director.sh(`cat ${BOX}/*.json 2>/dev/null`, { check: false })).stdout;
/** As a person reads them: no soft line ends, no HTML. */
const letters = () =>
  director
    .read(MAIL)
    .replaceAll("=\n", "")
    .replaceAll(/^Content-Type: text\/html[\s\S]*?<\/html>$/gm, "");

test("notifierd was never started, and all who had something to say are dead: it is in a letter nevertheless", {
  timeout: 180_000,
}, async () => {
  await start("ctsyncd", "-C", "/etc/conntrackd/conntrackd.conf");
  await startLdirectord();
  await start("heartbeat", "-f");
  for (const kind of ["real-server.down", "takeover.finished", '"daemon":"ctsyncd"'])
    await until(`${kind} in the drop box`, async () => (await box()).includes(kind), { limitMs: 60_000 });
  await end("heartbeat", "SIGKILL");
  await end("ldirectord", "SIGKILL");
  await end("ctsyncd", "SIGTERM");
  expect(await box()).toContain('"kind":"daemon.stopping"'); // ctsyncd's last word

  await start("notifierd");
  await until("the letter", () => letters().includes("took over"), { limitMs: 60_000 });
  const text = letters();
  for (const line of [
    /\* .* director1 heartbeat +director2 is dead/,
    /\* .* director1 heartbeat +took over IPaddr2::10\.0\.1\.200\/24\/pub in .*: director2 is gone/,
    /\* .* director1 ldirectord +real server 10\.0\.2\.11:80 of tcp \S+ is down/,
    /\* .* director1 ctsyncd +started/,
    /\* .* director1 ctsyncd +stops: SIGTERM/,
  ])
    expect(text).toMatch(line);
  await until("the box to be empty", async () => (await box()) === "");
});

test("it is away and the disk is full: one complaint, nothing is lost once there is room", {
  timeout: 180_000,
}, async () => {
  await end("notifierd", "SIGTERM");
  await director.sh(`mount -t tmpfs -o size=64k,mode=0700 box ${BOX}; cat /dev/zero >${BOX}/filler || true`);
  await startLdirectord();
  const log = () => director.log("ldirectord");
  const complaints = () =>
    log().match(/could not be left in .* for notifierd: no space left \(ENOSPC\)/g) ?? [];
  await until("the complaint", () => complaints().length > 0, { limitMs: 60_000 });
  await director.sh(`sed -i s/10.0.2.12/10.0.2.13/ /etc/ha.d/ldirectord.cf && kill -HUP ${await inside()}`);
  await until("more to say", () => log().includes("10.0.2.13:80"), { limitMs: 60_000 });
  expect(complaints()).toHaveLength(1);
  expect(await box()).toBe("");

  await director.sh(`rm ${BOX}/filler`);
  await until("room to be used", async () => (await box()).includes("10.0.2.13:80"), { limitMs: 60_000 });
  await end("ldirectord", "SIGKILL");
  await start("notifierd");
  await until("the letter", () => letters().includes("real server 10.0.2.13:80"), { limitMs: 60_000 });
  expect(letters().match(/ldirectord +started, version/g)).toHaveLength(2); // of this life and the one before
});

/** ldirectord's process id as its node numbers it. */
async function inside(): Promise<string> {
  return (await director.sh("pgrep -f ldirectord/dist/bin | head -1")).stdout.trim();
}
