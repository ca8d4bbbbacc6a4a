/**
 * The same file given to the original ldirectord 4.12 and to ours leaves the same table, as `ipvsadm` shows it. By night
 * (`npm run guest`): a start of the original is a hundred processes, which are dear here.
 */
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { type Cluster, makeCluster } from "../lab/cluster.js";
import type { LabNode } from "../lab/node.js";
import { type Peer, peerOn, peersImpossible } from "../lab/peer.js";
import { signalTo } from "../lab/process.js";
import { ultraMonkey } from "../lab/topology.js";
import { elapse, until } from "../lab/until.js";
import { serve } from "../netns/traffic/traffic.js";
import { LONG, savedTable, say, startLdirectord, terminated } from "./programs.js";

const CONFIG = "/etc/ha.d/ldirectord.cf";

/** real1 answers on ports 80, 443 and 8080, real2 on none: its weight is what a dead real server's is. */
const FILES: Readonly<Record<string, string>> = {
  "gate, masq and ipip with weights, persistence with a netmask, a fallback": `
checkinterval=1
checktimeout=20
quiescent=yes
fallback=127.0.0.1:8000
virtual=10.0.1.200:80
\treal=10.0.2.11:80 gate 5
\treal=10.0.2.12:80 gate 7
\tchecktype=connect
\tscheduler=wlc
\tpersistent=600
\tnetmask=255.255.255.0
virtual=10.0.1.201:443
\treal=10.0.2.11:8080 masq 3
\treal=10.0.2.11:443 ipip 9
\tchecktype=connect
\tscheduler=wrr
virtual=10.0.1.202:8081
\treal=10.0.2.12:8081 masq 2
\tchecktype=connect
\tscheduler=rr
\tquiescent=no
`,
  "schedulers with flags, one-packet, thresholds, a firewall mark": `
checkinterval=1
checktimeout=20
virtual=10.0.1.200:80
\treal=10.0.2.11->10.0.2.12:80 masq 4 l:10 u:20
\tchecktype=on
\tscheduler=sh
\tschedflags=sh-fallback,sh-port
virtual=10.0.1.200:53
\treal=10.0.2.11:53 gate 2
\tprotocol=udp
\tchecktype=on
\tops=yes
\tscheduler=rr
virtual=7
\treal=10.0.2.11 gate 1
\treal=10.0.2.12 masq 0
\tchecktype=on
\tscheduler=mh
\tpersistent=60
`,
  "IPv6 with a fallback, and a firewall mark of IPv6": `
checkinterval=1
checktimeout=20
quiescent=yes
fallback6=[::1]:80
virtual6=[fd00:1::c8]:80
\treal6=[fd00:2::11]:8080 masq 3
\treal6=[fd00:2::12]:8080 masq 4
\tchecktype=connect
\tscheduler=lc
\tpersistent=300
\tnetmask=64
virtual6=[fd00:1::c9]:80
\treal6=[fd00:2::12]:80 gate
\tchecktype=connect
virtual6=9
\treal6=[fd00:2::11] gate 6
\tchecktype=on
\tscheduler=wlc
`,
};

const impossible = peersImpossible("cluster");
let cluster: Cluster;
let director: LabNode;
let original: Peer;

before(async () => {
  if (impossible !== undefined || !LONG) return;
  cluster = await makeCluster({ topology: ultraMonkey({ directors: 1, heartbeats: 0 }) });
  director = cluster.node("director1");
  original = await peerOn(director, "cluster");
  const real = cluster.node("real1");
  await real.sh(
    "nft add table inet check; nft 'add chain inet check input { type filter hook input priority 0; }'",
  );
  await serve(real, 80, 443, 8080);
});
after(() => cluster?.close());

/** Services and real servers as ipvsadm saves them, and the thresholds, which it only lists; sorted. */
async function table(): Promise<string> {
  const saved = await savedTable(director);
  const { stdout } = await director.run(["ipvsadm", "-Ln", "--thresholds"]);
  const thresholds = [...stdout.matchAll(/-> (\S+) +(\d+) +(\d+)/g)].map(
    ([, real, upper, lower]) => `${real} u:${upper} l:${lower}`,
  );
  return [...saved, ...thresholds.toSorted()].join("\n");
}

/** real1 refuses connections, or takes them again. */
const dead = (is: boolean) =>
  cluster
    .node("real1")
    .sh(
      `nft ${is ? "add rule inet check input meta l4proto tcp reject with tcp reset" : "flush chain inet check input"}`,
    );

/** real1 has been asked, where it is asked at all. */
const SERVED = /2[.:]+11\]?:\d+ -[gm] -w [3-5]/;

/** A table that stays as it is for two passes of checks, and is not the one `before`. */
async function settled(before = "", shows = /^-A/m): Promise<string> {
  say("until a table stays");
  let last = before;
  return await until(
    "a table that stays",
    async () => {
      const now = await table();
      if (now !== last || now === before || !shows.test(now)) {
        last = now;
        return undefined;
      }
      await elapse(6000);
      return (await table()) === now ? now : undefined;
    },
    { everyMs: 3000 },
  );
}

/** What is asked of a daemon while it runs; then it is stopped, and leaves nothing behind. */
async function during(pid: number, body: () => Promise<void>): Promise<void> {
  try {
    await body();
    await terminated(pid);
    assert.equal(await table(), "");
  } catch (error) {
    signalTo(pid, "SIGKILL");
    await director.run(["ipvsadm", "-C"]);
    await dead(false);
    throw error;
  }
}

/** The tables after the start; where connections are checked, also after a death and after a return. */
async function ourTables(text: string): Promise<readonly string[]> {
  director.put(CONFIG, text);
  const tables: string[] = [];
  const pid = await startLdirectord(director);
  await during(pid, async () => {
    tables.push(await settled("", SERVED));
    if (!text.includes("connect")) return;
    await dead(true);
    tables.push(await settled(tables[0]));
    await dead(false);
    tables.push(await settled(tables[1], SERVED));
  });
  return tables;
}

async function expectOfOriginal(text: string, tables: readonly string[]): Promise<void> {
  original.put(CONFIG, `supervised=yes\n${text}`);
  say("the original starts");
  const pid = await original.daemon("original", ["ldirectord", "start"]);
  await during(pid, async () => {
    for (const [turn, wanted] of tables.entries()) {
      if (turn > 0) await dead(turn === 1);
      // At its start it gives weight to whom it has not asked yet, and may look like the end for a moment.
      const equal = async () => (await table()) === wanted;
      await until("the same table", equal, { limitMs: 6000, everyMs: 3000 }).catch(() => undefined);
      await elapse(6000);
      assert.equal(await table(), wanted);
    }
  });
}

for (const [name, text] of LONG ? Object.entries(FILES) : [])
  test(name, { skip: impossible ?? false }, async () => {
    const tables = await ourTables(text);
    assert.match(tables[0]!, /^-A/m);
    if (tables.length > 1) assert.notEqual(tables[1], tables[0]);
    assert.equal(tables[2] ?? tables[0], tables[0]);
    await expectOfOriginal(text, tables);
  });
