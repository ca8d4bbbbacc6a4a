/** npm run demo: a pair of directors fails over before your eyes. Options: --keep, --ipvs. */
import { dirname } from "node:path";
import { fileURLToPath } from "node:url";
import { labImpossible } from "../lab/cluster.js";
import type { LabNode } from "../lab/node.js";
import { Watcher } from "../lab/watcher.js";
import { Client } from "./client.js";
import { inTheGuest, onThisMachine } from "./pace.js";
import { activeFrozen, activeKilled, bothServe, failback, mails, type Play, pageLost } from "./scenes.js";
import { Stage, VIP } from "./stage.js";
import { Story } from "./story.js";
import { tableLines } from "./table.js";

const options = new Set(process.argv.slice(2));
const keep = options.has("--keep");
const ipvs = options.has("--ipvs");
const programs = dirname(fileURLToPath(import.meta.url));
const root = process.cwd();

const impossible = labImpossible();
if (impossible !== undefined) {
  console.error(`demo: ${impossible}`);
  process.exit(1);
}

const story = new Story();
const pace = ipvs ? inTheGuest : onThisMachine;
const stage = await Stage.build({ root, programs, ipvs, pace, keep, story }).catch((error: unknown) => {
  console.error(`demo: ${error instanceof Error ? error.message : String(error)}`);
  process.exit(1);
});
for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) {
  process.once(signal, () => {
    console.log(`\n${signal}: removing everything`);
    stage.close({ force: true }).finally(() => process.exit(signal === "SIGINT" ? 130 : 143));
  });
}
const ok = await perform();
if (keep) explainHowToEnter();
await stage.close({ force: !keep });
process.exit(ok ? 0 : 1);

async function perform(): Promise<boolean> {
  let play: Play | undefined;
  try {
    play = await curtainUp();
    await bothServe(play);
    await pageLost(play);
    await activeKilled(play);
    await failback(play);
    await activeFrozen(play);
    await mails(play);
  } catch (error) {
    story.note("the demonstration", error instanceof Error ? error.message : String(error), false);
    console.log(stage.logs(15));
  }
  if (play !== undefined) {
    const { samples, doubles } = play.watcher.sighting;
    story.note("over the whole time, two owners at", `${doubles} of ${samples} moments`, doubles === 0);
    play.watcher.stop();
    await play.client.stop();
  }
  return story.finish();
}

async function curtainUp(): Promise<Play> {
  story.say("demo", "client, director1, director2, real1, real2 and mail are up, in network namespaces");
  await stage.startServers();
  const watcher = new Watcher(stage.directors, VIP, (owners) => {
    story.say("watcher", owners.length === 0 ? `nobody has ${VIP}` : `${owners.join(" and ")} has ${VIP}`);
  });
  await Promise.all(stage.directors.map((node) => stage.startDirector(node)));
  story.say("demo", "heartbeat, ldirectord, ctsyncd and notifierd are started on both directors");
  if (ipvs) story.say("demo", "and the kernels' ip_vs sync daemons, which keep masq connections in step");
  const client = await Client.start(stage.cluster.node("client"), `${programs}/hammer.mjs`, VIP, pace, story);
  return { stage, story, client, watcher, pace, showTable };
}

/** With ip_vs the real ipvsadm shows the table; without, ldirectord tells what it read from the kernel. */
async function showTable(node: LabNode): Promise<void> {
  const lines = ipvs
    ? (await node.run(["ipvsadm", "-Ln"])).stdout.trimEnd().split("\n")
    : tableLines(await stage.call(node, "ldirectord", "status"));
  for (const line of lines) console.log(`${" ".repeat(22)}${line}`);
}

function explainHowToEnter(): void {
  console.log("\nThe cluster stays. To enter a node:");
  for (const node of stage.cluster.nodes.filter(({ isOn }) => isOn)) {
    console.log(`  ${node.name.padEnd(10)} nsenter -t ${node.pid} -m -u -i -n -p -- bash`);
  }
  console.log(`To remove everything: kill -9 ${stage.cluster.pid}`);
}
