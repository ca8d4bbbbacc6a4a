/** ldirectord on a real ip_vs: what `ipvsadm` shows of it. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { withCluster } from "../lab/cluster.js";
import type { LabNode } from "../lab/node.js";
import { ultraMonkey } from "../lab/topology.js";
import { until } from "../lab/until.js";
import { serve } from "../netns/traffic/traffic.js";
import { killed, savedTable, startLdirectord, terminated } from "./programs.js";

const CONFIG = `checkinterval=2
checktimeout=20
quiescent=yes
fallback=127.0.0.1:8080
virtual=10.0.1.200:80
\treal=10.0.2.11:8001 masq 3
\treal=10.0.2.12:8001 gate 2
\tchecktype=connect
\tscheduler=wlc
\tpersistent=600
\tnetmask=255.255.255.0
virtual=7
\treal=10.0.2.11 gate
\tchecktype=on
\tscheduler=sh
\tschedflags=sh-port
`;

const becomes = (node: LabNode, wanted: readonly string[]) =>
  until(
    `the table to be\n${wanted.join("\n")}`,
    async () => (await savedTable(node)).join("\n") === wanted.join("\n"),
  );

const MARK = ["-A -f 7 -s sh -b sh-port", "-a -f 7 -r 10.0.2.11:0 -g -w 1"];
const SERVICE = "-A -t 10.0.1.200:80 -s wlc -p 600 -M 255.255.255.0";

test("start, a dead server, the fallback, adoption after SIGKILL, stop", async () => {
  await withCluster(ultraMonkey({ directors: 1 }), async (cluster) => {
    const director = cluster.node("director1");
    const started = () => director.log("ldirectord").split("ldirectord started:").length;
    await director.run(["ip", "address", "add", "10.0.2.254/24", "dev", "lan"]);
    director.put("/etc/ha.d/ldirectord.cf", CONFIG);
    const first = await serve(cluster.node("real1"), 8001);
    const second = await serve(cluster.node("real2"), 8001);
    await director.sh("ipvsadm -A -t 10.0.1.250:25 -s rr"); // somebody else's
    const foreign = "-A -t 10.0.1.250:25 -s rr";
    const with_ = (...reals: readonly string[]) => [...MARK, SERVICE, foreign, ...reals].toSorted();

    const firstPid = await startLdirectord(director);
    // The kernel gives a gate real server the port of the service.
    const both = [
      "-a -t 10.0.1.200:80 -r 10.0.2.11:8001 -m -w 3",
      "-a -t 10.0.1.200:80 -r 10.0.2.12:80 -g -w 2",
    ];
    await becomes(director, with_(...both));

    await second.stop();
    await becomes(director, with_(both[0]!, "-a -t 10.0.1.200:80 -r 10.0.2.12:80 -g -w 0"));

    await first.stop();
    const dead = [
      "-a -t 10.0.1.200:80 -r 10.0.2.11:8001 -m -w 0",
      "-a -t 10.0.1.200:80 -r 10.0.2.12:80 -g -w 0",
    ];
    await becomes(director, with_(...dead, "-a -t 10.0.1.200:80 -r 127.0.0.1:80 -g -w 1"));

    await serve(cluster.node("real1"), 8001);
    const one = with_(both[0]!, dead[1]!);
    await becomes(director, one);
    await killed(firstPid);
    assert.deepEqual(await savedTable(director), one);
    const [length, starts] = [director.log("ldirectord").length, started()];
    const secondPid = await startLdirectord(director);
    await until("the next one", () => started() > starts);
    assert.deepEqual(await savedTable(director), one);
    assert.doesNotMatch(director.log("ldirectord").slice(length), /Restored|Quiescent|Added|Deleted|Changed/);

    await terminated(secondPid);
    assert.deepEqual(await savedTable(director), [foreign]);
  });
});
