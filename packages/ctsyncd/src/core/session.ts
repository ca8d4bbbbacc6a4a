/**
 * The whole of ctsyncd's thinking: our kernel's flows out to the peers, the peers' flows in, and into our kernel at
 * takeover.
 *
 *   kernel events ──► kernel follower ──► local cache ──► outbox ──► transmitter ──► peers
 *   peers ──► receiver ──► peer caches ──► jobs (commit) ──► kernel
 *
 * The caches hold hundreds of thousands of flows, so the state is changed in place instead of being copied; apart from
 * that a step depends on nothing but state, event and now.
 *
 * active   commits what the peers told, forgets it, reads its own kernel's table and tells the peers everything
 * standby  goes on listening; what is left of its own time as the active director is purged PurgeTimeout later
 */
import { between, earliest, type Instant, type Machine, plus, seconds, type Tick } from "@systole/machine";
import { ALIVE } from "../wire/message.js";
import { Outbox } from "../wire/outbox.js";
import type { CommitSummary } from "./commit.js";
import { type JobAction, Jobs } from "./jobs.js";
import { KernelFollower } from "./kernel-follower.js";
import { LocalCache } from "./local-cache.js";
import { Receiver } from "./receiver.js";
import type { Command, SessionAction, SessionEvent, SessionOptions } from "./session.types.js";
import { Transmitter } from "./transmitter.js";

/** After the peer's purge: what it has then is really its own. */
const RESYNC_AFTER_PURGE = seconds(5);
/** An `activate` so soon after a `commit` does not commit again. */
const RECENT_COMMIT = seconds(5);

export class Session {
  readonly options: SessionOptions;
  readonly startedAt: Instant;
  readonly local: LocalCache;
  readonly outbox: Outbox;
  readonly receiver: Receiver;
  readonly follower: KernelFollower;
  readonly transmitter: Transmitter;
  readonly jobs = new Jobs();
  role: "undecided" | "active" | "standby" = "undecided";
  lastCommit: CommitSummary | undefined;
  purgeAt: Instant | undefined;
  resyncAt: Instant | undefined;
  #actions: SessionAction[] = [];
  /** More follows when the commit that runs is done. */
  #activating = false;
  #committedAt: Instant | undefined;

  constructor(options: SessionOptions, now: Instant) {
    this.options = options;
    this.startedAt = now;
    const { cacheLimit, windowTracking, commitTimeoutSeconds, capacityBytes } = options;
    this.local = new LocalCache(cacheLimit, { windowTracking, timeout: commitTimeoutSeconds === undefined });
    this.outbox = new Outbox(
      {
        reliable: options.mode === "ftfw",
        resendLimit: options.resendLimit,
        firstSequence: options.firstSequence,
      },
      (flow) => this.local.settled(flow),
    );
    const report = (report: Extract<SessionAction, { type: "report" }>["report"]) =>
      this.#order({ type: "report", report });
    this.receiver = new Receiver(options, this.outbox, {
      report,
      bulk: () => this.#bulk(),
      destroyed: (cache, id, flow) => this.jobs.destroyed(cache, id, flow),
    });
    const hooks = { report, dump: () => this.#order({ type: "dump" }) };
    this.follower = new KernelFollower(this.local, this.outbox, options.passes, hooks, now);
    const resyncSent = (sequence: number) => this.receiver.resyncSent(sequence);
    this.transmitter = new Transmitter(this.outbox, this.local, { capacityBytes, resyncSent }, now);
  }

  /** Whole seconds since the session began: the caches' clock. */
  second(now: Instant): number {
    return Math.floor(between(this.startedAt, now) / 1000);
  }

  step(event: SessionEvent | Tick, now: Instant): readonly SessionAction[] {
    this.#actions = [];
    const second = this.second(now);
    switch (event.type) {
      case "kernel":
        this.follower.events(event.events, second);
        break;
      case "overrun":
        this.follower.overrun(now);
        break;
      case "dumped":
        this.follower.dumped(event.flows, second);
        if (!event.more) this.follower.dumpComplete(now, second);
        break;
      case "dump-failed":
        this.follower.dumpFailed(event.problem, now);
        break;
      case "datagram":
        this.receiver.datagram(event.from, event.bytes, now, second);
        break;
      case "batch-done":
        this.#jobs(this.jobs.answered(event.result, now, second), now);
        break;
      case "command":
        this.#command(event.ticket, event.command, now);
        break;
      case "tick":
        this.#tick(now, second);
        break;
    }
    return this.#actions;
  }

  get deadline(): Instant | undefined {
    return earliest([
      this.transmitter.deadline,
      this.receiver.deadline,
      this.follower.deadline,
      this.jobs.deadline,
      this.purgeAt,
      this.resyncAt,
    ]);
  }

  #order(action: SessionAction): void {
    this.#actions.push(action);
  }

  #tick(now: Instant, second: number): void {
    this.follower.tick(now);
    this.receiver.tick(now);
    this.#jobs(this.jobs.tick(now), now);
    if (this.purgeAt !== undefined && this.purgeAt <= now) {
      this.purgeAt = undefined;
      this.#jobs(this.jobs.purge(this.local, now, second), now);
    }
    if (this.resyncAt !== undefined && this.resyncAt <= now) {
      this.resyncAt = undefined;
      this.receiver.requestBulk();
    }
    if (this.transmitter.quiet(now) && !this.receiver.acknowledge()) {
      this.outbox.queueControl({ flag: ALIVE, from: 0, to: 0 });
    }
    this.#transmit(now);
  }

  #transmit(now: Instant): void {
    for (const datagram of this.transmitter.run(now, this.second(now)))
      this.#order({ type: "send", datagram });
  }

  #bulk(): void {
    let flows = 0;
    for (const id of this.local.ids()) {
      this.outbox.queue(id);
      flows += 1;
    }
    this.#order({ type: "report", report: { kind: "bulk-queued", flows } });
  }

  #command(ticket: number, command: Command, now: Instant): void {
    switch (command.verb) {
      case "activate":
        this.#activate(ticket, command.limitMs, now);
        return;
      case "commit":
        this.purgeAt = undefined;
        this.#commit(ticket, command.limitMs, now);
        return;
      case "deactivate":
        // Who was on standby already has nothing of his own to purge.
        if (this.role !== "standby") this.#planPurge(now);
        this.role = "standby";
        this.resyncAt = undefined;
        this.receiver.requestBulk();
        this.#transmit(now);
        break;
      case "purge-later":
        this.#planPurge(now);
        break;
      case "request-resync":
        this.receiver.requestBulk();
        break;
      case "send-bulk":
        this.#bulk();
        break;
      case "resync-kernel":
        this.follower.resync(now, false);
        break;
      case "flush-kernel":
        this.#jobs(this.jobs.purge(this.local, now, this.second(now)), now);
        break;
      case "flush":
        this.#flush(ticket, command.cache);
        return;
    }
    this.#order({ type: "answer", ticket, answer: { done: true } });
  }

  /**
   * Commits unless that has just been done: what was written then may have moved on in our kernel since, and must not
   * be set back.
   */
  #activate(ticket: number, limitMs: number, now: Instant): void {
    this.role = "active";
    this.purgeAt = undefined;
    const recent = this.#committedAt !== undefined && between(this.#committedAt, now) < RECENT_COMMIT;
    if (recent && !this.jobs.committing) {
      this.#takeOver(now);
      this.#order({ type: "answer", ticket, answer: { done: true, note: "committed already" } });
    } else {
      this.#activating = true;
      this.#commit(ticket, limitMs, now);
    }
  }

  #commit(ticket: number, limitMs: number, now: Instant): void {
    const { commitTimeoutSeconds: timeoutSeconds, windowTracking } = this.options;
    const caches = [...this.receiver.peers.values()].map(({ cache }) => cache);
    const options = { timeoutSeconds, windowTracking };
    this.#jobs(this.jobs.commit(caches, options, { ticket, limitMs }, now, this.second(now)), now);
  }

  #planPurge(now: Instant): void {
    if (this.purgeAt !== undefined) return;
    const { purgeTimeoutSeconds } = this.options;
    this.purgeAt = plus(now, seconds(purgeTimeoutSeconds));
    this.#order({ type: "report", report: { kind: "purge-planned", seconds: purgeTimeoutSeconds } });
  }

  #flush(ticket: number, which: "local" | "peer" | "both"): void {
    if (this.jobs.committing) {
      const note = "a commit is in progress: nothing was flushed";
      this.#order({ type: "answer", ticket, answer: { done: false, note } });
      return;
    }
    if (which !== "peer") {
      for (const id of this.local.ids()) {
        this.outbox.forget(id);
        this.local.drop(id);
      }
    }
    if (which !== "local") for (const { cache } of this.receiver.peers.values()) cache.clear();
    this.purgeAt = which === "peer" ? this.purgeAt : undefined;
    this.#order({ type: "answer", ticket, answer: { done: true } });
  }

  #jobs(actions: readonly JobAction[], now: Instant): void {
    for (const action of actions) {
      switch (action.type) {
        case "write":
        case "remove":
          this.#order(action);
          break;
        case "committed":
          this.#committed(action.summary, action.tickets, now);
          break;
        case "late":
          for (const ticket of action.tickets) {
            const note = "still committing: it goes on in the background";
            this.#order({ type: "answer", ticket, answer: { done: false, note } });
          }
          break;
        case "purged":
          this.#order({
            type: "report",
            report: { kind: "purged", flows: action.flows, failed: action.failed },
          });
          break;
      }
    }
  }

  #committed(summary: CommitSummary, tickets: readonly number[], now: Instant): void {
    this.lastCommit = summary;
    this.#committedAt = now;
    this.#order({ type: "report", report: { kind: "commit-finished", summary } });
    for (const ticket of tickets) this.#order({ type: "answer", ticket, answer: { done: true, summary } });
    const goOn = this.#activating && this.role === "active";
    this.#activating = false;
    if (goOn) this.#takeOver(now);
  }

  /** The peers' flows are in our kernel, so they are ours: the peers are told when our kernel was read. */
  #takeOver(now: Instant): void {
    this.#committedAt = undefined;
    for (const { cache } of this.receiver.peers.values()) cache.clear();
    this.follower.resync(now, true);
    this.resyncAt = plus(now, seconds(this.options.purgeTimeoutSeconds + RESYNC_AFTER_PURGE / 1000));
  }
}

/** The session as a machine. */
export function sessionMachine(): Machine<Session, SessionEvent, SessionAction> {
  return {
    step: (state, event, now) => ({ state, actions: state.step(event, now) }),
    nextDeadline: (state) => state.deadline,
  };
}
