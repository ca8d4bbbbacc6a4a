/** A cluster of one contender, and what a client and an onlooker see of its VIP while something happens to the owner. */
import { type Cluster, makeCluster } from "../../lab/cluster.js";
import type { LabNode } from "../../lab/node.js";
import {
  answeredTwice,
  type ClientSaw,
  longestOutageMs,
  monotonicMs,
  type OnlookerSaw,
  probeFrom,
  watchAnswers,
} from "../../lab/probe.js";
import { signalTo } from "../../lab/process.js";
import { macOf, type Topology } from "../../lab/topology.js";
import { elapse, until } from "../../lab/until.js";
import { type Contender, processesOf, VIP } from "./contender.js";

/** Milliseconds. */
export interface Measured {
  readonly outageMs: number;
  /** How long questions were answered by two, from the first to the last of them. */
  readonly twoOwnersMs: number;
  /** From the first word on the network that the owner is dead to the first announcement of the new one. */
  readonly decisionToGarpMs?: number;
  /** The longest time in which the client did not ask: an outage is not known better than that. */
  readonly blinkMs: number;
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

/** The VIP stays that long with one before its owner counts as found. */
const STEADY_MS = 1000;

/** `since`: only what was seen later counts. */
type Fault = (owner: LabNode, other: LabNode) => Promise<{ readonly since: number }>;

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

  get onlooker(): LabNode {
    return this.cluster.node("onlooker");
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
        return before !== undefined && monotonicMs() - since > STEADY_MS ? before : undefined;
      },
      { limitMs, everyMs: 20 },
    );
  }

  /** Watches from before the fault until all is over. */
  async measure(fault: Fault): Promise<Measured> {
    const owner = await this.ownerOf(this.contender.settleMs);
    const other = this.directors.find((node) => node !== owner)!; // there are two
    const client = await probeFrom(this.cluster.node("client"), VIP);
    const onlooker = await watchAnswers(this.onlooker, VIP);
    await elapse(300);
    const { since } = await fault(owner, other);
    const watched = await onlooker.stop();
    return figures(await client.stop(), watched, since, macOf(this.cluster.topology, other.name, "pub"));
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

  /** What a killed program left behind is nobody's any more. */
  async dropVip(node: LabNode): Promise<void> {
    await node.run(["ip", "address", "del", `${VIP}/24`, "dev", "pub"], { check: false });
  }

  async startAgain(node: LabNode): Promise<void> {
    if (!node.isOn) await node.boot();
    await this.dropVip(node);
    await this.contender.start(node);
    await this.well(this.contender.startMs);
  }
}

function figures(client: ClientSaw, onlooker: OnlookerSaw, since: number, newOwner: string): Measured {
  const twice = answeredTwice(onlooker).flatMap(([when]) => (when >= since ? [when] : []));
  const after = (list: readonly (readonly [mac: string, atMs: number])[], from: number | undefined) =>
    from === undefined ? undefined : list.find(([mac, at]) => mac === newOwner && at >= from)?.[1];
  const decision = after(onlooker.verdicts, since);
  const announced = after(onlooker.announcements, decision);
  const blinks = client.asked.map((at, index) => at - (client.asked[index - 1] ?? at));
  return {
    outageMs: longestOutageMs(client, since),
    twoOwnersMs: twice.length === 0 ? 0 : Math.max(...twice) - Math.min(...twice) + 10,
    ...(decision === undefined || announced === undefined ? {} : { decisionToGarpMs: announced - decision }),
    blinkMs: Math.max(...blinks),
  };
}

/** Both directors run and are well. @throws Error with the end of their logs on the screen if they do not get there. */
export async function openBench(contender: Contender): Promise<Bench> {
  const cluster = await makeCluster({ topology: TOPOLOGY });
  const bench = new Bench(cluster, contender);
  try {
    for (const node of bench.directors) await contender.start(node);
    await bench.well(contender.startMs);
    await elapse(contender.calmMs);
    return bench;
  } catch (error) {
    for (const node of bench.directors)
      console.error((await node.sh("tail -n 20 /var/log/*log /var/log/lab/*")).stdout);
    await cluster.close();
    throw error;
  }
}
