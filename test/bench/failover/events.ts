/** What befalls the owner, and how the cluster becomes well again. */
import type { LabNode } from "../../lab/node.js";
import { monotonicMs } from "../../lab/probe.js";
import { elapse } from "../../lab/until.js";
import type { Bench, Measured } from "./bench.js";
import { processesOf } from "./contender.js";

export type EventName = "crash" | "freeze" | "kill" | "link" | "move" | "heal";
export const EVENTS: readonly EventName[] = ["crash", "freeze", "kill", "link", "move", "heal"];

/** Plays one event and leaves the cluster well. */
export async function play(bench: Bench, event: EventName): Promise<Measured> {
  let faulty: LabNode | undefined;
  const { decisionToGarpMs, ...measured } = await bench.measure(async (owner, other) => {
    faulty = owner;
    return FAULTS[event](bench, owner, other);
  });
  await recover(bench, event, faulty!); // set by the fault
  // Where the owner's death is not noticed there is no decision.
  return decisionToGarpMs === undefined || !DEATHS.includes(event)
    ? measured
    : { ...measured, decisionToGarpMs };
}

const DEATHS: readonly EventName[] = ["crash", "freeze", "kill", "link"];

/** How long a freeze or a partition lasts, and a fault is watched: all have done by then what they do. */
const faultMs = ({ contender }: Bench): number => contender.times.deadtimeMs + 2000;

type Fault = (bench: Bench, owner: LabNode, other: LabNode) => Promise<{ readonly since: number }>;

/** A fault that is watched from its first moment on. */
const deed =
  (what: (bench: Bench, owner: LabNode) => unknown): Fault =>
  async (bench, owner) => {
    const since = monotonicMs();
    await what(bench, owner);
    await elapse(faultMs(bench));
    return { since };
  };

const FAULTS: Readonly<Record<EventName, Fault>> = {
  crash: deed((_bench, owner) => owner.kill()),
  freeze: deed((bench, owner) => bench.signal(owner, "SIGSTOP")),
  kill: deed((bench, owner) => bench.signal(owner, "SIGKILL")),
  link: deed(({ cluster }, owner) => cluster.faults.cut(owner.name)),
  move: deed(({ contender }, owner) => contender.move(owner)),
  /** The directors do not hear one another; the client hears both. Measured from the heal on. */
  async heal(bench, owner, other) {
    const { faults } = bench.cluster;
    await faults.drop(owner.name, other.name);
    await faults.drop(other.name, owner.name);
    await elapse(faultMs(bench));
    const since = monotonicMs();
    await faults.heal();
    await elapse(bench.contender.healMs);
    return { since };
  },
};

async function recover(bench: Bench, event: EventName, node: LabNode): Promise<void> {
  const { contender, cluster } = bench;
  if (event === "freeze") bench.signal(node, "SIGCONT");
  if (event === "link") await cluster.faults.heal();
  const gone = event === "crash" || event === "kill" || processesOf(node, contender).length === 0;
  if (gone) await bench.startAgain(node);
  await elapse(contender.calmMs);
  await bench.well(contender.settleMs);
}
