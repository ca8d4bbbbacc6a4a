/**
 * The process of heartbeat on one host: the core, driven as `drive` of @systole/machine drives it, and its resources.
 *
 * It can be frozen (SIGSTOP), also between two actions of one step: what should happen meanwhile waits in its backlog,
 * timers that expired and packets in the order in which they came.
 */
import {
  type Boot,
  booted,
  type ClusterSettings,
  type ClusterState,
  type CoreAction,
  type CoreEvent,
  clusterMachine,
  holdVerdict,
  type Lease,
} from "@systole/heartbeat";
import type { Instant, Machine, Millis, Tick } from "@systole/machine";
import { type GroupRunner, groupRunner, type RunnerDoor } from "./group-runner.js";
import type { Packet } from "./packet.js";

export type Core = Machine<ClusterState, CoreEvent, CoreAction>;

/** What the host lends to its process. */
export interface ProcessDoor
  extends Pick<RunnerDoor, "kernel" | "leaseSeconds" | "workMs" | "refuses" | "dead" | "direct"> {
  readonly settings: ClusterSettings;
  readonly running: Set<string>;
  now(): Instant;
  /** Runs once at that moment of the host's clock. Returns how to call it off. */
  at(when: Instant, run: () => void): () => void;
  after(ms: number, run: () => void): void;
  storeGeneration(generation: number): void;
  send(packet: Packet): void;
  acted(action: CoreAction): void;
  /** The VIPs have got this lease; the next process is told. */
  handedOn(lease: Lease, deadtime: Millis): void;
  /** Asks every ping node. */
  ping(): void;
  ended(): void;
}

/** So many packets can be asked for again. */
const HISTORY_LENGTH = 500;
/** How long the disk takes for the generation. */
const DISK_MS = 2;

export class Process {
  state: ClusterState;
  frozen = false;
  alive = true;
  readonly #door: ProcessDoor;
  readonly #core: Core;
  readonly #runner: GroupRunner;
  readonly #events: (CoreEvent | Tick)[] = [];
  readonly #history = new Map<number, Packet>();
  #backlog: (() => void)[] = [];
  /** So many actions are still carried out before it freezes. */
  #actionsLeft: number | undefined;
  #stepping = false;
  #disarm: (() => void) | undefined;
  #armedFor: Instant | undefined;

  constructor(door: ProcessDoor, boot: Boot, wrap: (core: Core) => Core) {
    this.#door = door;
    this.#core = wrap(clusterMachine());
    this.#runner = groupRunner(
      new Map(door.settings.groups.map(({ key, resources }) => [key, resources])),
      door.running,
      this.#runnerDoor(),
    );
    this.state = booted(door.settings, boot, door.now());
    this.#arm();
  }

  #runnerDoor(): RunnerDoor {
    const { kernel, leaseSeconds, workMs, refuses, dead, after, direct } = this.#door;
    return {
      ...(direct === undefined ? {} : { direct: (role, done) => direct(role, () => this.run(done)) }),
      kernel,
      leaseSeconds,
      workMs,
      refuses,
      dead,
      after: (ms, work) => after(ms, () => this.run(work)),
      mayHold: (group) => {
        this.#feed({ type: "holding", group });
        if (!this.alive || this.frozen) return "ask-again";
        return holdVerdict(this.state, group, this.#door.now());
      },
      started: (group) => this.#feed({ type: "started", group, steps: [], degraded: [] }),
      startFailed: (group, resource) =>
        this.#feed({ type: "start-failed", group, resource, problem: "refused", steps: [] }),
      stopped: (group) => this.#feed({ type: "stopped", group }),
      found: (group, round, findings) => this.#feed({ type: "status-found", group, round, findings }),
      restarted: (group, round, resource) => {
        const failed = resource === undefined ? undefined : { resource, problem: "refused" };
        this.#feed({ type: "resources-restarted", group, round, failed });
      },
    };
  }

  /** Runs within the process: now, or when it thaws. */
  run(work: () => void): void {
    if (!this.alive) return;
    if (this.frozen) this.#backlog.push(work);
    else work();
  }

  feed(event: CoreEvent): void {
    this.run(() => this.#feed(event));
  }

  /** Stops for good, wherever it is (SIGKILL). */
  end(): void {
    this.alive = false;
    this.#disarm?.();
  }

  freezeWithin(actionsLeft: number): void {
    this.#actionsLeft = actionsLeft;
  }

  thaw(): void {
    this.#actionsLeft = undefined;
    if (!this.frozen) return;
    this.frozen = false;
    const waiting = this.#backlog;
    this.#backlog = [];
    for (const work of waiting) this.run(work);
    this.#arm();
  }

  #feed(event: CoreEvent | Tick): void {
    if (!this.alive) return;
    this.#events.push(event);
    this.#drain();
  }

  #drain(): void {
    if (this.#stepping) return;
    this.#stepping = true;
    for (let event = this.#events.shift(); event !== undefined; event = this.#events.shift()) {
      const step = this.#core.step(this.state, event, this.#door.now());
      this.state = step.state;
      this.#perform(step.actions);
      if (!this.alive || this.frozen) break;
    }
    this.#stepping = false;
    this.#arm();
  }

  #perform(actions: readonly CoreAction[]): void {
    for (const [index, action] of actions.entries()) {
      if (!this.alive) return;
      if (this.#actionsLeft !== undefined && this.#actionsLeft-- <= 0) {
        this.#actionsLeft = undefined;
        this.frozen = true;
        this.#backlog.unshift(() => {
          this.#stepping = true;
          this.#perform(actions.slice(index));
          this.#stepping = false;
          this.#drain();
        });
        return;
      }
      this.#door.acted(action);
      this.#carryOut(action);
    }
  }

  #carryOut(action: CoreAction): void {
    const { now, after, storeGeneration } = this.#door;
    const runner = this.#runner;
    switch (action.type) {
      case "persist-generation": {
        const { generation } = action;
        storeGeneration(generation);
        return after(DISK_MS, () => this.feed({ type: "generation-stored", generation }));
      }
      case "send":
        return this.#send(action);
      case "resend":
        return this.#resend(action.sequence);
      case "renew":
        if (now() <= action.until) runner.renew(action.groups);
        return;
      case "hand-on":
        if (now() <= action.until) {
          runner.renew(action.groups, action.lease);
          this.#door.handedOn(action.lease, action.deadtime);
        }
        this.end();
        return this.#door.ended();
      case "ping":
        return this.#door.ping();
      case "start":
        return runner.start(action.group);
      case "stop":
        return runner.stop(action.group);
      case "ask-status":
        return runner.ask(action.group, action.round);
      case "restart-resources":
        return runner.restart(action.group, action.round, action.resources);
      case "drop-vips":
        return runner.dropVips(action.groups);
      case "finished":
        this.end();
        return this.#door.ended();
      default:
        return; // announce, fence, answer, publish, log, deliver: for onlookers
    }
  }

  #send({ generation, sequence, dest, message, until }: Extract<CoreAction, { type: "send" }>): void {
    if (until !== undefined && this.#door.now() >= until) return;
    const packet: Packet = { from: this.#door.settings.local, generation, sequence, dest, message };
    if (sequence !== undefined) {
      this.#history.set(sequence, packet);
      this.#history.delete(sequence - HISTORY_LENGTH);
    }
    const at = this.#door.now();
    this.#door.send(packet);
    if (message.type === "status") this.#feed({ type: "sent", generation, at });
  }

  #resend(sequence: number): void {
    const packet = this.#history.get(sequence);
    if (packet?.generation === this.state.generation) this.#door.send({ ...packet, again: true });
  }

  #arm(): void {
    const deadline = this.alive ? this.#core.nextDeadline(this.state) : undefined;
    if (deadline === this.#armedFor && this.#disarm !== undefined) return;
    this.#disarm?.();
    this.#disarm = undefined;
    this.#armedFor = deadline;
    if (deadline !== undefined) this.#disarm = this.#door.at(deadline, () => this.#expired());
  }

  /** A late timer ticks only if the deadline still stands. */
  #expired(): void {
    this.#disarm = undefined;
    this.#armedFor = undefined;
    this.run(() => {
      const deadline = this.#core.nextDeadline(this.state);
      if (deadline === undefined || deadline > this.#door.now()) this.#arm();
      else this.#feed({ type: "tick" });
    });
  }
}
