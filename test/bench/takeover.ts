/**
 * How long is the VIP away when its owner dies? Real daemons in namespaces, power failure, looked at from outside every
 * ten milliseconds; a row per keepalive, deadtime and loss of frames on the heartbeat network.
 *
 * takeover.ts [RUNS]: default 5 per row. Compares with takeover.json, which `--store` writes anew.
 */

import { readFileSync, writeFileSync } from "node:fs";
import { NODE_OPTIONS } from "../../packages/heartbeat/src/shell/node-options.js";
import { type Cluster, makeCluster } from "../lab/cluster.js";
import { ultraMonkey } from "../lab/topology.js";
import { elapse, until } from "../lab/until.js";
import { Watcher } from "../lab/watcher.js";

const VIP = "10.0.1.200";
const STORED = "test/bench/takeover.json";
const [runsText = "5"] = process.argv.slice(2).filter((word) => !word.startsWith("--"));
const runs = Number(runsText);

interface Row {
  readonly keepalive: string;
  readonly deadtime: string;
  readonly lossPercent: number;
}

const rows: readonly Row[] = [
  { keepalive: "1", deadtime: "5", lossPercent: 0 },
  { keepalive: "500ms", deadtime: "3", lossPercent: 0 },
  { keepalive: "200ms", deadtime: "2", lossPercent: 0 },
  { keepalive: "200ms", deadtime: "2", lossPercent: 10 },
];

const nameOf = ({ keepalive, deadtime, lossPercent }: Row) =>
  `keepalive ${keepalive}, deadtime ${deadtime}, loss ${lossPercent} %`;

function configure(cluster: Cluster, row: Row): void {
  for (const name of ["director1", "director2"]) {
    const node = cluster.node(name);
    node.put(
      "/etc/ha.d/ha.cf",
      `keepalive ${row.keepalive}\ndeadtime ${row.deadtime}\ninitdead 10\nudpport 694\nbcast hb1\nauto_failback off\n` +
        "node director1\nnode director2\n",
    );
    node.put("/etc/ha.d/authkeys", "auth 2\n2 sha1 bench\n", 0o600);
    node.put("/etc/ha.d/haresources", `director1 IPaddr2::${VIP}/24/pub\n`);
  }
}

/** One power failure: milliseconds from the last look at which the dead node had the VIP to the first of its peer. */
async function takeover(row: Row): Promise<number> {
  const cluster = await makeCluster({ topology: ultraMonkey({ reals: 0 }) });
  const directors = [cluster.node("director1"), cluster.node("director2")];
  const watcher = new Watcher(directors, VIP, () => {});
  try {
    configure(cluster, row);
    const program = "packages/heartbeat/dist/bin/heartbeat.js";
    for (const node of directors) await node.spawn([process.execPath, ...NODE_OPTIONS, program, "-f"]);
    await until("director1 to have the VIP", () => watcher.owners.join() === "director1", {
      limitMs: 20_000,
    });
    await cluster.faults.loss("director1", "hb1", row.lossPercent);
    await elapse(1000);
    const died = performance.now();
    await cluster.node("director1").kill();
    await until("director2 to have the VIP", () => watcher.owners.join() === "director2", {
      limitMs: 30_000,
      everyMs: 2,
    });
    return Math.round(performance.now() - died);
  } finally {
    watcher.stop();
    await cluster.close();
  }
}

type Stored = Record<string, { readonly min: number; readonly median: number; readonly max: number }>;

function stored(): Stored {
  try {
    return JSON.parse(readFileSync(STORED, "utf8"));
  } catch {
    return {}; // the first time
  }
}

const before = stored();
const now: Stored = {};
console.log(`Milliseconds without the VIP after a power failure of its owner, ${runs} runs each\n`);
console.log(`${"".padEnd(44)}     min  median     max   stored median`);
for (const row of rows) {
  const times: number[] = [];
  for (let run = 0; run < runs; run++) times.push(await takeover(row));
  times.sort((one, other) => one - other);
  const result = { min: times[0] ?? 0, median: times[Math.floor(runs / 2)] ?? 0, max: times.at(-1) ?? 0 };
  now[nameOf(row)] = result;
  const columns = [result.min, result.median, result.max].map((ms) => String(ms).padStart(8)).join("");
  console.log(`${nameOf(row).padEnd(44)}${columns}   ${before[nameOf(row)]?.median ?? "none"}`);
}
if (process.argv.includes("--store")) writeFileSync(STORED, `${JSON.stringify(now, undefined, 2)}\n`);
process.exit(0);
