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
import type { AttributeIndex } from "../wire/attribute.js";
import { encodeExpectation } from "../wire/expectation.js";
import { ALIVE } from "../wire/message.js";
import { Outbox } from "../wire/outbox.js";
import { Bypass } from "./bypass.js";
import { BATCH, type CommitSummary } from "./commit.js";
import { Coverage } from "./coverage.js";
import { ExpectationCache, FIRST_EXPECTATION } from "./expectation-cache.js";
import { Injector } from "./injector.js";
import { type JobAction, Jobs } from "./jobs.js";
import { KernelFollower } from "./kernel-follower.js";
import { LocalCache } from "./local-cache.js";
import { EXPECTATIONS_LIMIT } from "./peers.js";
import { Receiver } from "./receiver.js";
import { NONE } from "./record-table.js";
import { Refresh } from "./refresh.js";
import type { Command, Report, SessionAction, SessionEvent, SessionOptions } from "./session.types.js";
import { type Bodies, Transmitter } from "./transmitter.js";

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
  readonly expectations = new ExpectationCache(EXPECTATIONS_LIMIT);
  /** With a copy of our kernel's table, or without. */
  readonly follower: KernelFollower | Bypass;
  readonly injector: Injector | undefined;
  /** What samples say of what the peers know. */
  readonly coverage: Coverage;
  readonly #refresh: Refresh | undefined;
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
  /**
   * The commit that runs is a large one: births are not listened to until its end. To hear from the kernel of every
   * flow that we have just written would double the price. What traffic bears meanwhile is found by reading the table.
   */
  #deaf = false;
  /** The moment of this step. */
  #now: Instant;

  constructor(options: SessionOptions, now: Instant) {
    this.options = options;
    this.startedAt = now;
    this.local = new LocalCache(options.cacheLimit);
    this.outbox = new Outbox(
      {
        reliable: options.mode === "ftfw",
        resendLimit: options.resendLimit,
        firstSequence: options.firstSequence,
      },
      (id) => (id < FIRST_EXPECTATION ? this.local : this.expectations).settled(id),
    );
    this.#refresh =
      options.mode === "alarm" ? new Refresh(this.local, this.outbox, options.refreshSeconds) : undefined;
    this.injector = options.peerCache ? undefined : new Injector();
    const report = (report: Report) => {
      this.#order({ type: "report", report });
      this.#compareWith(report);
    };
    this.coverage = new Coverage(
      this.local,
      this.outbox,
      options.firstSequence,
      { report, send: (datagram) => this.#order({ type: "send", datagram }) },
      now,
    );
    this.receiver = new Receiver(options, this.outbox, {
      report,
      bulk: () => this.#bulk(this.#now),
      destroyed: (cache, id) => this.jobs.destroyed(cache, id),
      sample: ({ address, cache }, message) => this.coverage.heard(address, cache, message),
      injector: this.injector,
    });
    const resyncSent = (sequence: number) => this.receiver.resyncSent(sequence);
    const { capacityBytes } = options;
    this.transmitter = new Transmitter(this.outbox, this.#bodies(), { capacityBytes, resyncSent }, now);
    this.follower = this.#source(report, now);
    this.#now = now;
  }

  #source(report: (report: Report) => void, now: Instant): KernelFollower | Bypass {
    const told = (body: AttributeIndex) =>
      [...this.receiver.peers.values()].some(({ cache }) => cache.find(body) !== NONE);
    const hooks = { report, told, dump: () => this.#order({ type: "dump" }) };
    const { passes, expects, peerCache, localCache } = this.options;
    if (!localCache) {
      const send = this.transmitter.direct.bind(this.transmitter);
      return new Bypass(passes, { ...hooks, send }, now);
    }
    const caches = { flows: this.local, expectations: this.expectations };
    return new KernelFollower(caches, this.outbox, { passes, expects, ignoresOwn: !peerCache }, hooks, now);
  }

  /** Flows and expectations as the transmitter sees them. */
  #bodies(): Bodies {
    const { local, expectations } = this;
    const encode = (id: number, second: number) =>
      encodeExpectation(expectations.get(id, second), {
        timeout: this.options.commitTimeoutSeconds === undefined,
      });
    const isFlow = (id: number) => id < FIRST_EXPECTATION;
    return {
      has: (id) => (isFlow(id) ? local.has(id) : expectations.has(id)),
      type: (id) => (isFlow(id) ? local : expectations).messageType(id),
      length: (id, second) => (isFlow(id) ? local.messageLength(id) : encode(id, second).length),
      write: (id, second, into, at) => {
        if (isFlow(id)) return local.writeMessage(id, second, into, at);
        const body = encode(id, second);
        into.set(body, at);
        return at + body.length;
      },
      sent: (id, second) => {
        if (isFlow(id)) this.#refresh?.sent(id, second);
      },
    };
  }

  /** Whole seconds since the session began: the caches' clock. */
  second(now: Instant): number {
    return Math.floor(between(this.startedAt, now) / 1000);
  }

  step(event: SessionEvent | Tick, now: Instant): readonly SessionAction[] {
    this.#actions = [];
    this.#now = now;
    const second = this.second(now);
    if (event.type === "tick") this.#tick(now, second);
    else if (event.type === "command") this.#command(event.ticket, event.command, now);
    else this.#take(event, now, second);
    this.#inject();
    if (!this.options.localCache || !this.transmitter.pausing(now)) this.#transmit(now);
    return this.#actions;
  }

  #take(event: Exclude<SessionEvent, { readonly type: "command" }>, now: Instant, second: number): void {
    switch (event.type) {
      case "kernel":
        return this.follower.events(event.batch, second);
      case "expectation":
        return this.follower.expectation(event.kind, event.own, event.expectation, second);
      case "overrun":
        return this.follower.overrun(now);
      case "dumped":
        if (event.more) this.follower.dumped(event.batch, second);
        else this.follower.dumpComplete(event.expectations, now, second);
        return;
      case "dump-failed":
        return this.follower.dumpFailed(event.problem, now);
      case "datagram":
        return this.receiver.datagram(event.from, event.bytes, now, second);
      case "connected":
        return this.#bulk(now);
      case "surveyed":
        return this.jobs.surveyed(event.batch);
      case "batch-done":
        return this.#jobs(this.jobs.answered(event.result, now, second), now);
      case "inject-done":
        if (this.injector?.answered(event.result) === true) this.receiver.requestBulk();
        return;
      case "removed-all":
        return this.#order({
          type: "report",
          report: { kind: "purged", flows: event.flows, failed: event.failed },
        });
    }
  }

  #inject(): void {
    const action = this.injector?.next();
    if (action !== undefined) this.#order(action);
  }

  /** Only where both have caches there is something to compare; ALARM ignores what it does not know. */
  #compareWith(report: Report): void {
    const { localCache, peerCache, mode } = this.options;
    if (!localCache || !peerCache || mode === "alarm") return;
    if (report.kind === "peer-established" || report.kind === "peer-restarted") {
      this.coverage.established(report.peer, this.#now);
    } else if (report.kind === "peer-lost") this.coverage.lost(report.peer);
  }

  /** How long ago the peer last acknowledged something, while it owes us more. */
  lagMs(now: Instant): number {
    if (this.outbox.unacknowledged === 0) return 0;
    return Math.round(between(this.receiver.acknowledgedAt ?? this.startedAt, now));
  }

  get deadline(): Instant | undefined {
    return earliest([
      this.transmitter.deadline,
      this.receiver.deadline,
      this.follower.deadline,
      this.jobs.deadline,
      this.coverage.deadline,
      this.purgeAt,
      this.resyncAt,
    ]);
  }

  #order(action: SessionAction): void {
    this.#actions.push(action);
  }

  #tick(now: Instant, second: number): void {
    this.follower.tick(now);
    this.receiver.tick(now, second);
    this.#refresh?.tick(second);
    this.coverage.tick(now);
    this.#jobs(this.jobs.tick(now), now);
    if (this.purgeAt !== undefined && this.purgeAt <= now) {
      this.purgeAt = undefined;
      this.#purge(now);
    }
    if (this.resyncAt !== undefined && this.resyncAt <= now) {
      this.resyncAt = undefined;
      this.receiver.requestBulk();
    }
    if (this.transmitter.quiet(now)) this.#speak(now);
    this.#transmit(now);
  }

  #transmit(now: Instant): void {
    for (const datagram of this.transmitter.run(now, this.second(now)))
      this.#order({ type: "send", datagram });
  }

  /** A second without a word: ACK what is pending, or ALIVE; in ALARM nothing. */
  #speak(now: Instant): void {
    if (this.options.mode === "alarm") this.transmitter.stayQuiet(now);
    else if (!this.receiver.acknowledge()) this.outbox.queueControl({ flag: ALIVE, from: 0, to: 0 });
  }

  /** The peers are told everything: from the cache, or from the kernel if there is none. */
  #bulk(now: Instant): void {
    if (this.follower instanceof KernelFollower) {
      this.#order({ type: "report", report: { kind: "bulk-queued", flows: this.follower.bulk() } });
    } else this.follower.resync(now, true);
  }

  #purge(now: Instant): void {
    if (!this.options.localCache) this.#order({ type: "remove-all" });
    else this.#jobs(this.jobs.purge(this.local, now, this.second(now)), now);
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
        // ALARM has no bulk: everything is told again anyway.
        if (this.options.mode !== "alarm") this.#bulk(now);
        break;
      case "resync-kernel":
        this.follower.resync(now, false);
        break;
      case "flush-kernel":
        this.#purge(now);
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
    const sources = [...this.receiver.peers.values()];
    const options = { timeoutSeconds, windowTracking };
    this.#jobs(this.jobs.commit(sources, options, { ticket, limitMs }, now, this.second(now)), now);
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
      if (which === "both") this.expectations.clear();
    }
    if (which !== "local") this.#forgetPeers();
    this.purgeAt = which === "peer" ? this.purgeAt : undefined;
    this.#order({ type: "answer", ticket, answer: { done: true } });
  }

  #jobs(actions: readonly JobAction[], now: Instant): void {
    for (const action of actions) {
      switch (action.type) {
        case "write":
          this.#stopListening(action.batch.count);
          this.#order(action);
          break;
        case "survey":
        case "expect":
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

  /** Before a batch is written. */
  #stopListening(flows: number): void {
    if (!this.jobs.committing || this.#deaf || flows < BATCH || !this.options.localCache) return;
    this.#deaf = true;
    this.#order({ type: "births", heard: false });
  }

  #committed(summary: CommitSummary, tickets: readonly number[], now: Instant): void {
    this.lastCommit = summary;
    this.#committedAt = now;
    this.#order({ type: "report", report: { kind: "commit-finished", summary } });
    for (const ticket of tickets) this.#order({ type: "answer", ticket, answer: { done: true, summary } });
    const goOn = this.#activating && this.role === "active";
    const deaf = this.#deaf;
    this.#activating = false;
    this.#deaf = false;
    if (deaf) this.#order({ type: "births", heard: true });
    if (goOn) this.#takeOver(now);
    else if (deaf && this.follower instanceof KernelFollower) this.follower.resyncAfterCommit(now);
  }

  #forgetPeers(): void {
    for (const { cache, expectations } of this.receiver.peers.values()) {
      cache.clear();
      expectations.clear();
    }
  }

  /** The peers' flows are in our kernel, so they are ours: the peers are told when our kernel was read. */
  #takeOver(now: Instant): void {
    this.#committedAt = undefined;
    this.#forgetPeers();
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
