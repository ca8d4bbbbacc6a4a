/**
 * Failovers as text: what is done, and what an onlooker then writes down.
 *
 *   # The owner dies: the standby waits one deadtime after the last heartbeat, not longer.
 *   nodes lb1* lb2    keepalive 1s  deadtime 5s  initdead 10s
 *   run 20.5s
 *   ----
 *   0.034 lb1 vip-up 192.0.2.10
 *   crash lb1
 *   run 10s
 *   ----
 *   ...
 *
 * The star marks the node that the first VIP prefers; with a second star the second VIP, 192.0.2.20, prefers that one.
 * More settings on the `nodes` line: `media eth0,eth1`, `auto_failback off`, `fence on`, `pings 192.0.2.1,192.0.2.2`
 * (and ipfail), `lan on` (claims of VIPs are watched on the service LAN), `monitor 10s` (with a script `apache` in each
 * group), `seed 7`; of each node in their order `keys spring,autumn` (the key in its authkeys) and
 * `otherkeys wait,ignore`. What stands below `----` must be exactly what is written down until the next block.
 */
import { type ClusterSettings, leaseFor } from "@systole/heartbeat";
import { type Millis, milliseconds, seconds } from "@systole/machine";
import { macOf } from "./service-lan.js";
import { createSimulation, type Simulation } from "./simulation.js";
import { commands } from "./story-commands.js";
import { parseTime, StoryError } from "./story-words.js";
import { formatEntry, type TraceEntry } from "./trace.js";

export interface Block {
  /** Everything above the `----`, comments too. */
  readonly told: readonly string[];
  readonly expected: readonly string[];
}

export interface PlayedBlock extends Block {
  readonly seen: readonly string[];
}

/** Cuts the text into blocks; a line that begins with a digit after `----` is an expectation. */
export function parseStory(text: string): Block[] {
  const blocks: Block[] = [];
  let told: string[] = [];
  let expected: string[] | undefined;
  for (const line of text.trimEnd().split("\n")) {
    if (line === "----") expected = [];
    else if (expected === undefined) told.push(line);
    else if (/^\d/.test(line)) expected.push(line);
    else {
      blocks.push({ told, expected });
      told = [line];
      expected = undefined;
    }
  }
  if (told.length > 0 || expected !== undefined) blocks.push({ told, expected: expected ?? [] });
  return blocks;
}

/** The blocks as text again, with what was seen in the place of what was expected. */
export const formatStory = (blocks: readonly PlayedBlock[]): string =>
  `${blocks.map(({ told, seen }) => [...told, "----", ...seen].join("\n")).join("\n")}\n`;

/** Plays the blocks in one world. @throws StoryError for a line that is not understood. */
export function playStory(blocks: readonly Block[]): {
  played: PlayedBlock[];
  violation: string | undefined;
} {
  let simulation: Simulation | undefined;
  const played: PlayedBlock[] = [];
  for (const block of blocks) {
    const from = simulation?.trace.entries.length ?? 0;
    for (const line of block.told) {
      const words = line.replace(/#.*/, "").trim().split(/\s+/);
      if (words[0] === "") continue;
      if (words[0] === "nodes") simulation = begin(words.slice(1));
      else if (simulation === undefined) throw new StoryError(`before any nodes: ${line}`);
      else tell(simulation, words, line);
    }
    const seen = (simulation?.trace.entries.slice(from) ?? []).filter(isShown).map(formatEntry);
    played.push({ ...block, seen });
  }
  return { played, violation: simulation?.violation() };
}

function tell(simulation: Simulation, words: readonly string[], line: string): void {
  const [verb = "", ...args] = words;
  const command = commands[verb];
  if (command === undefined) throw new StoryError(`unknown command: ${line}`);
  command(simulation, args);
}

/** What a reader of a failover wants to see; the rest is for replays. */
function isShown({ what }: TraceEntry): boolean {
  return !["FAULT", "running", "released", "generation", "link-up", "accepted"].includes(what);
}

interface Header {
  readonly nodes: string[];
  readonly preferred: string[];
  readonly values: Map<string, string>;
}

function begin(words: readonly string[]): Simulation {
  const header = readHeader(words);
  const media = (header.values.get("media") ?? "eth0").split(",");
  const simulation = createSimulation({
    seed: Number(header.values.get("seed") ?? 1),
    settings: header.nodes.map((local) => settingsFor(local, header)),
    clockRates: header.nodes.map(() => 1),
    media,
    workMs: { least: 10, most: 10 },
  });
  const keys = (header.values.get("keys") ?? "").split(",");
  for (const [index, host] of simulation.hosts.entries()) host.key = keys[index] ?? "";
  const absent = (header.values.get("off") ?? "").split(",");
  for (const host of simulation.hosts) if (!absent.includes(host.name)) host.boot();
  return simulation;
}

function readHeader(words: readonly string[]): Header {
  const nodes: string[] = [];
  const preferred: string[] = [];
  const values = new Map<string, string>();
  let rest = [...words];
  while (rest.length > 0 && !SETTINGS.has(rest[0]!)) {
    const word = rest.shift()!; // the loop's condition
    const node = word.replace("*", "");
    nodes.push(node);
    if (word.endsWith("*")) preferred.push(node);
  }
  for (; rest.length > 1; rest = rest.slice(2)) {
    if (!SETTINGS.has(rest[0]!)) throw new StoryError(`unknown setting: ${rest[0]}`);
    values.set(rest[0]!, rest[1]!);
  }
  return { nodes, preferred, values };
}

const SETTINGS = new Set([
  "keepalive",
  "deadtime",
  "warntime",
  "initdead",
  "auto_failback",
  "media",
  "seed",
  "off",
  "fence",
  "pings",
  "lan",
  "keys",
  "otherkeys",
  "monitor",
]);

function settingsFor(local: string, { nodes, preferred, values }: Header): ClusterSettings {
  const time = (name: string, otherwise: Millis): Millis => {
    const text = values.get(name);
    return text === undefined ? otherwise : parseTime(text);
  };
  const keepalive = time("keepalive", seconds(1));
  const deadtime = time("deadtime", seconds(5));
  return {
    local,
    nodes,
    keepalive,
    deadtime,
    warntime: time("warntime", milliseconds(deadtime / 2)),
    initdead: time("initdead", milliseconds(2 * deadtime)),
    maxRexmitDelay: milliseconds(250),
    autoFailback: autoFailbackOf(values.get("auto_failback") ?? "on"),
    ...(values.get("otherkeys")?.split(",")[nodes.indexOf(local)] === "ignore" && { otherKeys: "ignore" }),
    ...(values.get("lan") === "on" && { macs: [macOf(nodes.indexOf(local))] }),
    ...(values.has("pings") && { pings: { nodes: values.get("pings")!.split(","), deadtime }, ipFail: true }),
    groups: preferred.map((node, index) => {
      const vip = `IPaddr2::192.0.2.${10 + 10 * index}/32/eth0`;
      const key = index === 0 ? "ctsync" : `ctsync::${index}`;
      const script = values.has("monitor") ? ["apache"] : [];
      return { key, preferred: node, resources: [key, `ldirectord::${index}.cf`, ...script, vip] };
    }),
    ...(values.has("monitor") && {
      monitor: { interval: parseTime(values.get("monitor")!), policy: "restart" },
    }),
    lease: leaseFor({ keepalive, deadtime }, true),
    fencing: values.get("fence") === "on",
  };
}

function autoFailbackOf(word: string): ClusterSettings["autoFailback"] {
  if (word === "on" || word === "off" || word === "legacy") return word;
  throw new StoryError(`not an auto_failback: ${word}`);
}
