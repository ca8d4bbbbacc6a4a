/** What befalls the owner, and how the cluster becomes well again. Numbers are milliseconds of a client's outage. */
import { type Cluster, makeCluster } from "../../lab/cluster.js";
import type { LabNode } from "../../lab/node.js";
import { answeredTwice, longestOutageMs, monotonicMs, probeFrom, watchAnswers } from "../../lab/probe.js";
import { signalTo } from "../../lab/process.js";
import type { Topology } from "../../lab/topology.js";
import { elapse, until } from "../../lab/until.js";
import { type Contender, processesOf, VIP } from "./contender.js";

export type EventName = "crash" | "freeze" | "kill" | "link" | "move" | "heal";
export const EVENTS: readonly EventName[] = ["move", "freeze", "link", "heal", "kill", "crash"];

export interface Measured {
  readonly outageMs: number;
  /** How long questions were answered by two, from the first to the last of them. */
  readonly twoOwnersMs: number;
}

/** One network for everything, two directors, a client and an onlooker who asks who has the VIP. */
const TOPOLOGY: Topology = {
  networks: { pub: 1 },
  nodes: {
    client: { host: 100, networks: ["pub"] },
    onlooker: { host: 101, networks: ["pub"] },
    director1: { host: 1, networks: ["pub"] },
    director2: { host: 2, networks: ["pub"] },
  },
};

/** How long a freeze or a partition lasts, and a fault is watched. */
const FAULT_MS = 4000;

export class Bench {
  readonly cluster: Cluster;
  readonly contender: Contender;

  constructor(cluster: Cluster, contender: Contender) {
    this.cluster = cluster;
    this.contender = contender;
  }

  get directors(): readonly LabNode[] {
    return [this.cluster.node("director1"), this.cluster.node("director2")];
  }

  async ownerOf(limitMs: number): Promise<LabNode> {
    let since = 0;
    let before: LabNode | undefined;
    return until(
      `exactly one ${this.contender.name} to have the VIP`,
      async () => {
        const owners = this.directors.filter((node) => node.holds(VIP));
        if (owners.length !== 1 || owners[0] !== before) since = monotonicMs();
        before = owners.length === 1 ? owners[0] : undefined;
        return before !== undefined && monotonicMs() - since > 1500 ? before : undefined;
      },
      { limitMs, everyMs: 20 },
    );
  }

  /** Watches from before the fault until all is over. `fault` says when it happened. */
  async measure(fault: (owner: LabNode, other: LabNode) => Promise<number>): Promise<Measured> {
    const owner = await this.ownerOf(this.contender.settleMs);
    const other = this.directors.find((node) => node !== owner)!; // there are two
    const client = await probeFrom(this.cluster.node("client"), VIP);
    const onlooker = await watchAnswers(this.cluster.node("onlooker"), VIP);
    await elapse(300);
    const at = await fault(owner, other);
    const twice = answeredTwice(await onlooker.stop()).map(([when]) => when);
    const outageMs = longestOutageMs(await client.stop(), at);
    return { outageMs, twoOwnersMs: twice.length === 0 ? 0 : Math.max(...twice) - Math.min(...twice) + 10 };
  }

  signal(node: LabNode, signal: NodeJS.Signals): void {
    for (const pid of processesOf(node, this.contender)) signalTo(pid, signal);
  }

  async well(limitMs: number): Promise<void> {
    await this.ownerOf(limitMs);
    await until(`${this.contender.name} to be well`, () => this.contender.isWell(this.directors), {
      limitMs,
      everyMs: 100,
    });
  }

  async startAgain(node: LabNode): Promise<void> {
    if (!node.isOn) await node.boot();
    await this.contender.start(node);
    await this.well(this.contender.startMs);
  }
}

export async function openBench(contender: Contender): Promise<Bench> {
  const cluster = await makeCluster({ topology: TOPOLOGY });
  const bench = new Bench(cluster, contender);
  try {
    for (const node of bench.directors) await contender.start(node);
    await bench.well(contender.startMs);
    return bench;
  } catch (error) {
    for (const node of bench.directors)
      console.error((await node.sh("tail -n 20 /var/log/*log /var/log/lab/*")).stdout);
    await cluster.close();
    throw error;
  }
}

/** Plays one event and leaves the cluster well. */
export async function play(bench: Bench, event: EventName): Promise<Measured> {
  let faulty: LabNode | undefined;
  const measured = await bench.measure(async (owner, other) => {
    faulty = owner;
    const at = monotonicMs();
    await FAULTS[event](bench, owner, other);
    return event === "heal" ? monotonicMs() - FAULT_MS : at;
  });
  await recover(bench, event, faulty!); // set by the fault
  return measured;
}

type Fault = (bench: Bench, owner: LabNode, other: LabNode) => Promise<unknown>;

const FAULTS: Readonly<Record<EventName, Fault>> = {
  async crash(_bench, owner) {
    await owner.kill();
    await elapse(FAULT_MS);
  },
  async freeze(bench, owner) {
    bench.signal(owner, "SIGSTOP");
    await elapse(FAULT_MS);
  },
  async kill(bench, owner) {
    bench.signal(owner, "SIGKILL");
    await elapse(FAULT_MS);
  },
  async link({ cluster }, owner) {
    await cluster.faults.cut(owner.name);
    await elapse(FAULT_MS);
  },
  async move({ contender }, owner) {
    await contender.move(owner);
    await elapse(2000);
  },
  /** The directors do not hear one another; the client hears both. Measured from the heal on. */
  async heal({ cluster }, owner, other) {
    await cluster.faults.drop(owner.name, other.name);
    await cluster.faults.drop(other.name, owner.name);
    await elapse(FAULT_MS);
    await cluster.faults.heal();
    await elapse(FAULT_MS);
  },
};

async function recover(bench: Bench, event: EventName, node: LabNode): Promise<void> {
  const { contender, cluster } = bench;
  if (event === "freeze") bench.signal(node, "SIGCONT");
  if (event === "link") await cluster.faults.heal();
  const gone = event === "crash" || event === "kill" || processesOf(node, contender).length === 0;
  if (gone) {
    // What a killed program left behind is nobody's any more.
    if (node.isOn) await node.run(["ip", "address", "del", `${VIP}/24`, "dev", "pub"], { check: false });
    await bench.startAgain(node);
  } else {
    await bench.well(contender.settleMs);
  }
}
