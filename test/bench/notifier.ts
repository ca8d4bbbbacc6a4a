/**
 * How fast is an event safe, how many letters a second leave for a real mail server, and what does notifierd need?
 *
 * notifier.ts [LETTERS]: default 500. Enqueue is compared with the same system calls and nothing else; sending goes to
 * Postfix's smtp-sink on another node of the laboratory. Nothing is stored.
 */
import {
  closeSync,
  fsyncSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  readFileSync,
  renameSync,
  rmSync,
  writeSync,
} from "node:fs";
import { join } from "node:path";
import { controlClient } from "@systole/daemon";
import { openSpool } from "@systole/notifierd";
import { SINK_PORT, startNotifierd, startSink } from "../interop/mail-peers.js";
import { makeCluster } from "../lab/cluster.js";
import { peerOn } from "../lab/peer.js";
import { ultraMonkey } from "../lab/topology.js";
import { until } from "../lab/until.js";

const EVENTS = 2000;
const [lettersText = "500"] = process.argv.slice(2).filter((word) => !word.startsWith("--"));
const letterCount = Number(lettersText);

const event = (sequence: number) => ({
  ...{ v: 1 as const, boot: "bench", sequence, node: "lb1", daemon: "ldirectord", atMs: 1_795_000_000_000 },
  severity: "warning" as const,
  fact: {
    ...{
      kind: "real-server.down" as const,
      service: "tcp 192.0.2.10:80",
      server: `10.0.0.${sequence % 250}:80`,
    },
    ...{
      reason: "connection refused",
      action: "quiesced" as const,
      transcript: "> GET /alive.html\n".repeat(20),
    },
  },
});

/** Milliseconds of each of `EVENTS` runs, in order of length. */
function times(run: (index: number) => void): readonly number[] {
  const all: number[] = [];
  for (let index = 1; index <= EVENTS; index++) {
    const began = performance.now();
    run(index);
    all.push(performance.now() - began);
  }
  return all.sort((a, b) => a - b);
}

const at = (sorted: readonly number[], share: number): string =>
  sorted[Math.floor(sorted.length * share)]!.toFixed(2);

/** Write, fsync, rename, fsync of the directory: what a spool cannot do without. */
function bareFile(root: string, name: string, text: string): void {
  const file = openSync(join(root, "tmp", name), "wx", 0o600);
  writeSync(file, text);
  fsyncSync(file);
  closeSync(file);
  renameSync(join(root, "tmp", name), join(root, "new", name));
  const directory = openSync(join(root, "new"), "r");
  fsyncSync(directory);
  closeSync(directory);
}

function enqueue(): void {
  mkdirSync(".cache", { recursive: true });
  const root = mkdtempSync(".cache/bench-notifier-");
  for (const folder of ["tmp", "new"]) mkdirSync(join(root, "bare", folder), { recursive: true });
  try {
    const spool = openSpool(join(root, "spool"));
    const ours = times((index) => spool.putEvent(event(index)));
    const bare = times((index) =>
      bareFile(join(root, "bare"), `${index}.json`, JSON.stringify(event(index))),
    );
    const ratio = (Number(at(ours, 0.5)) / Number(at(bare, 0.5))).toFixed(2);
    console.log(`enqueue, ${EVENTS} events        p50 ${at(ours, 0.5)} ms   p99 ${at(ours, 0.99)} ms`);
    console.log(
      `the same calls and no more   p50 ${at(bare, 0.5)} ms   p99 ${at(bare, 0.99)} ms   (ours/theirs ${ratio})`,
    );
  } finally {
    rmSync(root, { recursive: true });
  }
}

async function sending(): Promise<void> {
  const cluster = await makeCluster({ topology: ultraMonkey({ directors: 1, reals: 1 }) });
  try {
    const node = cluster.node("director1");
    const real = cluster.node("real1");
    await startSink(await peerOn(real, "services"), "/srv/sink");
    const spool = openSpool(node.path("/var/lib/systole/notifierd"));
    for (let n = 1; n <= letterCount; n++) {
      const id = `${String(n).padStart(14, "0")}.bench`;
      spool.putLetter({
        ...{
          schemaVersion: 1,
          id,
          createdAtMs: Date.now(),
          messageId: `<${id}@systole.lb1>`,
          from: "systole@test",
        },
        ...{
          subject: `[warning] lb1: letter ${n}`,
          text: "* a line of a story\n".repeat(40),
          severity: "warning",
        },
        ...{ node: "lb1", opens: [], closes: [], events: [] },
        deliveries: [{ address: "ops@test", state: "waiting", attempts: 0 }],
      });
    }
    const began = performance.now();
    const daemon = await startNotifierd(node, [`server = ${real.ipv4("lan")}:${SINK_PORT}`]);
    const ready = performance.now();
    const office = controlClient(node.path("/run/systole/notifierd/control"), { limitMs: 60_000 });
    const waiting = async () => ((await office.call("status")) as { waiting: number }).waiting; // our own verb
    await until("all letters to leave", async () => (await waiting()) === 0, {
      limitMs: 300_000,
      everyMs: 20,
    });
    const seconds = (performance.now() - ready) / 1000;
    const rss = /^VmRSS:\s+(\d+)/m.exec(readFileSync(`/proc/${daemon.pid}/status`, "utf8"))?.[1] ?? "0";
    console.log(`start with ${letterCount} letters       ${Math.round(ready - began)} ms`);
    console.log(
      `sent to smtp-sink            ${(letterCount / seconds).toFixed(0)} letters/s, one at a time`,
    );
    console.log(`memory after that            ${(Number(rss) / 1024).toFixed(0)} MiB`);
    await daemon.stop();
  } finally {
    await cluster.close();
  }
}

console.log(`load ${readFileSync("/proc/loadavg", "utf8").trim()}\n`);
enqueue();
await sending();
process.exit(0);
