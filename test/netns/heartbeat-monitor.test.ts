/** Monitoring with real daemons: a script whose program dies is started again, and moves when it does not stay up. */
import { expect, test } from "vitest";
import type { LabNode } from "../lab/node.js";
import { elapse, until } from "../lab/until.js";
import { type Pair, VIP, withPair } from "./heartbeat-pair.js";

/** Its program runs as long as this file is there. */
const RUNS = "/run/heartbeat/rsctmp/apache-runs";
const HANGS = "/run/heartbeat/rsctmp/apache-hangs";
const NOTES = "/run/heartbeat/rsctmp/apache-notes";
const SCRIPT = `case "$1" in
start) touch $HA_RSCTMP/apache-runs; echo start >> $HA_RSCTMP/apache-notes;;
stop) rm -f $HA_RSCTMP/apache-runs; echo stop >> $HA_RSCTMP/apache-notes;;
status) if [ -e $HA_RSCTMP/apache-hangs ]; then exec sleep 600; fi
  if [ -e $HA_RSCTMP/apache-runs ]; then echo running; else echo "not running"; fi;;
esac`;

const options = (policy: string) => ({
  haCf: `#% monitor 1 ${policy}\n`,
  resources: `apache IPaddr2::${VIP}/24/pub`,
  script: { apache: SCRIPT },
});

const runs = (node: LabNode): boolean => node.has(RUNS);
const notes = (node: LabNode): readonly string[] =>
  node.has(NOTES) ? node.read(NOTES).trim().split("\n") : [];
const dies = (node: LabNode) => node.run(["rm", "-f", RUNS]);
const hangs = async (node: LabNode): Promise<boolean> =>
  (await node.run(["ps", "-e", "-o", "args"])).stdout.includes("sleep 600");
const downIn = async (pair: Pair, node: LabNode) =>
  (await pair.status(node))?.groups.flatMap(({ down = [] }) => down) ?? [];

/** Its log lines wait for a moment of leisure. */
const says = (node: LabNode, line: string) => until(`"${line}"`, () => node.log("heartbeat").includes(line));

async function settled(pair: Pair): Promise<void> {
  await until("both to be well", () => pair.isWell(), { limitMs: 45_000 });
}

test("a script that has died is started again, three times; then the other node gets the group, and keeps it", async () => {
  await withPair(options("restart"), async (pair) => {
    const [first, second] = pair.nodes;
    await settled(pair);
    for (const time of [1, 2, 3]) {
      await dies(first);
      await until(`restart ${time}`, () => runs(first) && notes(first).length === 1 + 2 * time);
      await pair.ownedBy("director1");
    }
    expect(notes(first)).toEqual(["start", ...Array.from({ length: 3 }, () => ["stop", "start"]).flat()]);
    await says(first, "apache of apache is down: it does not run; it is started again");
    await until("it to be found running", async () => (await downIn(pair, first)).length === 0);
    await dies(first);
    await pair.ownedBy("director2");
    await until("the script there", () => runs(second));
    await says(first, "its group goes to another node");
    await settled(pair);
    expect(pair.owners()).toEqual(["director2"]);
  });
});

test("where nobody else lives it is started again, for ever but slowly", async () => {
  await withPair(options("move"), async (pair) => {
    const [first, second] = pair.nodes;
    await settled(pair);
    pair.signal(second, "SIGKILL");
    await until("its death", async () =>
      (await pair.status(first))?.nodes.some(({ node, state }) => node === second.name && state === "dead"),
    );
    for (const time of [1, 2, 3]) {
      await dies(first);
      await until(`restart ${time}`, () => runs(first) && notes(first).length === 1 + 2 * time);
    }
    await dies(first);
    await says(first, "started again every half minute");
    expect(pair.owners()).toEqual(["director1"]);
  });
});

test("tell: it is said and shown, and nothing else; the VIP stays up", async () => {
  await withPair(options("tell"), async (pair) => {
    const [first] = pair.nodes;
    await settled(pair);
    await dies(first);
    await until("the word of it", async () => (await downIn(pair, first)).includes("apache"));
    await says(first, "apache of apache is down: it does not run; nothing is done about it");
    await elapse(2500);
    expect([runs(first), pair.owners()]).toEqual([false, ["director1"]]);
    await first.run(["touch", RUNS]);
    await until("it to run again", async () => (await downIn(pair, first)).length === 0);
  });
});

test("a status that hangs stops neither the hand-over nor the heartbeats", async () => {
  await withPair(options("restart"), async (pair) => {
    const [first] = pair.nodes;
    await settled(pair);
    await first.run(["touch", HANGS]);
    await until("a question that hangs", () => hangs(first));
    await pair.call(first, "hb_standby");
    await pair.ownedBy("director2", 10_000);
    await until("the end of the question", async () => !(await hangs(first)));
  });
});
