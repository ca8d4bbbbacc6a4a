/**
 * Carries out what the core decides, in order. Nothing here blocks: what takes time answers with an event.
 *
 * A renewal of VIP leases comes right after a status and is sent in the same turn. If we were frozen between the
 * decision and here, the renewal is not sent: the lease must end with our word. Nor is a status that claims what others
 * have taken meanwhile.
 */
import type { Fact, Severity } from "@systole/bus";
import type { Clock } from "@systole/machine";
import type { CoreAction } from "../core/action.js";
import type { CoreEvent, RequestId } from "../core/event.js";
import type { Message, OtherMessage } from "../core/message.js";
import type { Note } from "../core/note.js";
import { problemOf } from "../resources/resource.js";
import type { Runner, RunnerGroup } from "../resources/runner.js";
import type { VipLease } from "../resources/vip-lease.js";
import type { Fencer } from "./fencer.js";
import type { LastWordFile } from "./last-word.js";
import type { Transmitter } from "./transmitter.js";

export interface PerformerDependencies {
  readonly clock: Clock;
  readonly transmitter: Transmitter;
  readonly runner: Runner;
  readonly lease: Pick<VipLease, "together" | "extend">;
  readonly lastWord: Pick<LastWordFile, "sent">;
  /** Of the present configuration. */
  readonly fencer: () => Fencer | undefined;
  /** The group of that key; groups of a former configuration are known as long as they may run. */
  readonly group: (key: string) => RunnerGroup | undefined;
  readonly feed: (event: CoreEvent) => void;
  readonly storeGeneration: (generation: number) => Promise<void>;
  readonly publish: (severity: Severity, fact: Fact) => void;
  readonly log: (note: Note) => void;
  /** For clients and event scripts. */
  readonly deliver: (from: string, message: OtherMessage) => void;
  readonly answer: (request: RequestId, accepted: boolean, reason: string) => void;
  /** Asks on the service LAN who has the VIPs of these groups. */
  readonly askForVips: (groups: readonly string[]) => Promise<void>;
  /** Asks every ping node once. */
  readonly ping: () => void;
  /** All attempts to stop it have failed. */
  readonly stopFailed: (resource: string) => void;
  readonly finished: () => void;
  /** All is left to the next process: this one ends, and stops nothing. */
  readonly handedOn: () => void;
  /** A promise nobody awaits: its failure stops the daemon. */
  readonly background: (what: string, work: Promise<unknown>) => void;
}

export function createPerformer(dependencies: PerformerDependencies): (action: CoreAction) => void {
  const { clock, transmitter, runner, lease, background } = dependencies;
  return function perform(action) {
    switch (action.type) {
      case "persist-generation":
        background("storing the generation", persist(action.generation, dependencies));
        return;
      case "send":
        return say(action, dependencies);
      case "resend":
        transmitter.resend(action.sequence);
        return;
      case "ping":
        return dependencies.ping();
      case "renew":
        if (clock.now() > action.until) return;
        lease.together(() => runner.each(action.groups, "renew"));
        return;
      case "hand-on":
        handOn(action, dependencies);
        return;
      case "start":
        background(`starting ${action.group}`, start(action.group, dependencies));
        return;
      case "stop":
        background(`stopping ${action.group}`, stop(action.group, dependencies));
        return;
      case "ask-status":
        background(`asking ${action.group}`, ask(action, dependencies));
        return;
      case "restart-resources":
        background(`starting resources of ${action.group} again`, restart(action, dependencies));
        return;
      case "drop-vips":
        runner.each(action.groups, "withdraw");
        return;
      case "announce":
        runner.each(action.groups, "announce");
        return;
      case "ask-for-vips":
        background("asking who has a VIP", dependencies.askForVips(action.groups));
        return;
      case "fence":
        background(`fencing ${action.node}`, fence(action.node, dependencies));
        return;
      case "answer":
        dependencies.answer(action.request, action.accepted, action.reason);
        return;
      case "publish":
        dependencies.publish(action.severity, action.fact);
        return;
      case "log":
        return dependencies.log(action.note);
      case "deliver":
        return dependencies.deliver(action.from, action.message);
      case "finished":
        dependencies.finished();
        return;
    }
  };
}

function say(action: Extract<CoreAction, { type: "send" }>, dependencies: PerformerDependencies): void {
  const { clock, transmitter, lastWord, feed } = dependencies;
  const { message, generation, until } = action;
  const at = clock.now();
  if (until !== undefined && at >= until) return;
  transmitter.send(action);
  if (message.type !== "status") return;
  // Before a VIP comes up: a process that dies right after that leaves it to the next one.
  lastWord.sent(claimed(message));
  feed({ type: "sent", generation, at });
}

/** The groups whose VIPs may be up by our will, as the status says it. */
const claimed = ({ ours }: Extract<Message, { type: "status" }>): readonly string[] =>
  (ours?.claims ?? [])
    .filter(({ state }) => state === "starting" || state === "running")
    .map(({ group }) => group);

function handOn(
  { groups, lease, deadtime, until }: Extract<CoreAction, { type: "hand-on" }>,
  dependencies: PerformerDependencies,
): void {
  if (dependencies.clock.now() <= until) {
    dependencies.lease.extend(lease);
    dependencies.lease.together(() => dependencies.runner.each(groups, "renew"));
    dependencies.lastWord.sent(groups, { lease: lease.length, deadtime });
  }
  dependencies.handedOn();
}

async function persist(generation: number, { storeGeneration, feed }: PerformerDependencies): Promise<void> {
  await storeGeneration(generation);
  feed({ type: "generation-stored", generation });
}

async function start(key: string, { group, runner, feed }: PerformerDependencies): Promise<void> {
  const wanted = group(key);
  try {
    const report = wanted === undefined ? undefined : await runner.start(wanted);
    if (report === undefined) return; // a stop came meanwhile, and answers
    const { failed, steps, degraded } = report;
    if (failed === undefined) feed({ type: "started", group: key, steps, degraded });
    else feed({ type: "start-failed", group: key, ...failed, steps });
  } catch (error) {
    feed({ type: "start-failed", group: key, resource: key, problem: problemOf(error), steps: [] });
  }
}

async function stop(key: string, { group, runner, feed, stopFailed }: PerformerDependencies): Promise<void> {
  const wanted = group(key);
  try {
    const failed = wanted === undefined ? undefined : (await runner.stop(wanted)).failed;
    if (failed === undefined) feed({ type: "stopped", group: key });
    else {
      feed({ type: "stop-failed", group: key, ...failed });
      stopFailed(failed.resource);
    }
  } catch (error) {
    feed({ type: "stop-failed", group: key, resource: key, problem: problemOf(error) });
  }
}

type Of<Type extends CoreAction["type"]> = Extract<CoreAction, { type: Type }>;

async function ask(
  { group: key, round }: Of<"ask-status">,
  dependencies: PerformerDependencies,
): Promise<void> {
  const { group, runner, feed } = dependencies;
  const wanted = group(key);
  // A resource that cannot even be made has told why when its group was started.
  const findings = wanted === undefined ? [] : await runner.ask(wanted).catch(() => []);
  feed({ type: "status-found", group: key, round, findings });
}

async function restart(
  { group: key, round, resources }: Of<"restart-resources">,
  { group, runner, feed }: PerformerDependencies,
): Promise<void> {
  const wanted = group(key);
  const answer = { type: "resources-restarted", group: key, round } as const;
  try {
    const report = wanted === undefined ? undefined : await runner.restart(wanted, resources);
    if (report !== undefined) feed({ ...answer, failed: report.failed });
  } catch (error) {
    feed({ ...answer, failed: { resource: resources[0] ?? key, problem: problemOf(error) } });
  }
}

async function fence(node: string, { feed, fencer }: PerformerDependencies): Promise<void> {
  try {
    const device = fencer();
    if (device === undefined) throw new Error("no fence device is configured");
    await device.fence(node);
    feed({ type: "fenced", node, ok: true });
  } catch (error) {
    feed({ type: "fenced", node, ok: false, problem: problemOf(error) });
  }
}
