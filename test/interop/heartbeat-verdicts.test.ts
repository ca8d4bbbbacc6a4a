/**
 * The verdict tables of packages/heartbeat/test/verdicts say what the real parser says: each case is put before heartbeat
 * 3.0.6 again, all of them: they take ten seconds.
 *
 * One real heartbeat runs all the time: a second start command then reads and judges the files and ends with 0 ("already
 * running") or with its verdict, in a tenth of a second.
 */
import { expect, test } from "vitest";
import { type Verdict, verdicts } from "../../packages/heartbeat/test/verdicts/table.js";
import { withCluster } from "../lab/cluster.js";
import { type Peer, peerOn } from "../lab/peer.js";
import { ultraMonkey } from "../lab/topology.js";

const HEAD = "auto_failback on\nbcast eth1\nnode hbn1 hbn2\nlogfile /var/log/ha-log\n";
const AUTHKEYS = "auth 1\n1 sha1 k\n";
const HARESOURCES = "hbn1 10.8.0.200\n";

/** The machine of packages/heartbeat/test/surroundings.ts. */
const CARDS = [0, 1, 2].flatMap((n) => [
  `link add eth${n} type veth peer name away${n}`,
  `link set eth${n} up`,
  `address add 10.8.${n}.1/24 brd + dev eth${n}`,
]);

/** Argument 1: a folder of cases, each a folder `files` that is copied over /etc/ha.d. One exit status a line. */
const JUDGE = `
cd "$1"
for case in $(ls | sort -n); do
  cp -a "$1/right/." /etc/ha.d/
  cp -a "$1/$case/." /etc/ha.d/
  timeout 20 /usr/libexec/heartbeat/heartbeat >/dev/null 2>&1
  echo $?
done
`;

interface Case extends Verdict {
  readonly table: string;
}

const TABLES = ["ha-cf.txt", "authkeys.txt", "authkeys-mode.txt", "haresources.txt"];

test("the real parser's verdicts are those of the tables", { timeout: 900_000 }, async () => {
  const cases = TABLES.flatMap((table) => verdicts(table).map((verdict) => ({ ...verdict, table })));
  await withCluster(ultraMonkey({ directors: 1, reals: 0, heartbeats: 0 }), async (cluster) => {
    const node = cluster.node("director1");
    await node.run(["ip", "-batch", "-"], { input: `${CARDS.join("\n")}\n` });
    const peer = await peerOn(node, "cluster");
    prepare(peer, cases);
    const folders = "mkdir -p /run/heartbeat/rsctmp && chown -R hacluster:haclient /run/heartbeat";
    await peer.sh(`${folders} && cp -a /cases/right/. /etc/ha.d/ && /usr/libexec/heartbeat/heartbeat`);
    const { stdout } = await peer.run(["bash", "-c", JUDGE, "judge", "/cases"], { timeoutMs: 840_000 });
    const said = stdout.trim().split("\n").slice(1).map(Number); // the first is the folder that is right
    const differ = cases.filter(({ original }, index) => said[index] !== original);
    const words = ({ table, original, lines }: Case) =>
      `${table}: ${said[cases.findIndex((one) => one.table === table && one.lines === lines)]}, not ${original}: ${lines}`;
    expect(said).toHaveLength(cases.length);
    expect(differ.map(words)).toEqual([]);
  });
});

function prepare(peer: Peer, cases: readonly Case[]): void {
  peer.put("/etc/ha.d/nodeinfo", "hbn1\n");
  peer.put("/etc/ha.d/null.cfg", "hbn2\n");
  peer.put("/cases/right/ha.cf", HEAD);
  peer.put("/cases/right/authkeys", AUTHKEYS, 0o600);
  peer.put("/cases/right/haresources", HARESOURCES);
  for (const [index, { table, lines }] of cases.entries()) {
    const put = (file: string, text: string, mode = 0o644) =>
      peer.put(`/cases/${index + 1}/${file}`, text, mode);
    if (table === "ha-cf.txt") put("ha.cf", `${HEAD}${lines}\n`);
    else if (table === "authkeys.txt") put("authkeys", `${lines}\n`, 0o600);
    else if (table === "haresources.txt") put("haresources", `${lines}\n`);
    else put("authkeys", AUTHKEYS, Number.parseInt(lines, 8));
  }
}
