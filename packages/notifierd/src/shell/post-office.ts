/**
 * Where the parts of notifierd meet: an event is written to the spool, collected to an incident, written as a letter,
 * sent until each recipient has an answer.
 *
 * What is acknowledged is on disk. A crash between two steps repeats the later one: an event is told again only with
 * the same Message-ID, never lost.
 */
import type { EventLog } from "@systole/bus";
import { ControlError, type Counter, type Logger, type Metrics } from "@systole/daemon";
import { type Clock, type Driven, drive, type Millis, milliseconds, plus } from "@systole/machine";
import type { NotifierSettings } from "../config/settings.js";
import { isMailAddress } from "../config/values.js";
import {
  type Digest,
  type DigestAction,
  type DigestEvent,
  digestMachine,
  digestTiming,
  type Incident,
  QUIET,
} from "../core/digest.js";
import { compose, type LetterOptions, wanted } from "../core/letter.js";
import { EMPTY, type Queue, type QueueAction, type QueueEvent, queueMachine } from "../core/queue.js";
import { remember, type Threads } from "../core/threads.js";
import * as lines from "../log-lines.js";
import { type ClusterEvent, eventId, type Letter } from "../types.js";
import { KnownEvents } from "./known-events.js";
import { persistently } from "./persistently.js";
import type { Outcome } from "./smtp.js";
import type { Folder, Spool } from "./spool.js";
import { TlsMemory } from "./tls-memory.js";

export interface PostOfficeParts {
  readonly node: string;
  readonly clock: Clock;
  readonly wallClock: () => number;
  /** A random number from 0 to 1. */
  readonly random: () => number;
  readonly log: Logger;
  readonly events: EventLog;
  readonly metrics: Metrics;
  readonly spool: Spool;
  readonly deliver: (letter: Letter, to: readonly string[], settings: NotifierSettings) => Promise<Outcome>;
  /** A promise nobody awaits. */
  readonly background: (what: string, work: Promise<unknown>) => void;
}

export interface PostOffice {
  /**
   * Takes an event; when it returns the event is safe.
   *
   * @param old it happened long before we first listened: part of the story, never the beginning of a letter
   * @returns whether somebody wants to hear of it
   * @throws SpoolError the event is not taken and must come again
   */
  take(event: ClusterEvent, old?: boolean): boolean;
  /** Something the next letter has to say: events that are lost. */
  note(text: string): void;
  /** Writes a test letter and answers with it. @throws SpoolError */
  test(to: readonly string[]): Letter;
  letters(folder: Folder): readonly Letter[];
  queue(): Queue;
  /** Tries now: what waits, or one letter, which may be a failed one. @throws ControlError `no-letter` */
  retry(id: string): Letter;
  flush(): number;
  configure(settings: NotifierSettings): void;
  /** Collected events become letters, conversations get a moment to end; nothing new is sent. */
  stop(): Promise<void>;
}

const STOP_LIMIT = milliseconds(5000);

export function openPostOffice(parts: PostOfficeParts, initial: NotifierSettings): PostOffice {
  const { clock, wallClock, random, log, spool } = parts;
  let settings = initial;
  let stopping = false;
  let threads: Threads = new Map();
  const known = new KnownEvents();
  const tlsMemory = new TlsMemory();
  const inFlight = new Set<Promise<void>>();
  const sent: Counter = parts.metrics.counter("systole_notifications", "Letters by what became of them.");
  const persist = persistently(clock, log);

  const options = (): LetterOptions => ({
    from: settings.smtp.from ?? `systole@${parts.node}`,
    node: parts.node,
    recipients: settings.recipients,
    isMailAddress,
    isOpen: (trouble) => threads.has(trouble),
  });
  const isWanted = (event: ClusterEvent) => wanted(event, options());

  const queue = drive<Queue, QueueEvent, QueueAction>(queueMachine, EMPTY, clock, performQueue);
  let digest = openDigest(QUIET);
  parts.metrics.beforePrint(() => {
    const length = parts.metrics.gauge("systole_notification_queue_length", "Letters on their way.");
    length.set(queue.state().letters.size);
  });
  recover();

  function openDigest(state: Digest): Driven<Digest, DigestEvent> {
    // What an ldirectord of old mailed by itself keeps its form; heartbeat's letters join the failover they tell of.
    const alone = ({ daemon, fact }: ClusterEvent) => fact.kind === "letter" && daemon !== "heartbeat";
    const machine = digestMachine({ ...digestTiming(settings.groupWait), wanted: isWanted, alone });
    return drive<Digest, DigestEvent, DigestAction>(machine, state, clock, ({ incident }) =>
      persist("write a letter", () => write(incident)),
    );
  }

  /** After a restart: letters go on, events that no letter tells of are collected again. */
  function recover(): void {
    for (const folder of ["failed", "done", "cur"] as const) {
      for (const letter of spool.letters(folder)) {
        known.add(letter.events);
        threads = remember(threads, letter);
        if (folder === "cur") queue.feed({ type: "add", letter, left: lifeOf(letter) });
      }
    }
    const events = spool.events();
    const left = events.filter((event) => !known.has(eventId(event)) && isWanted(event));
    spool.removeEvents(events.filter((event) => !left.includes(event)).map(eventId));
    known.add(events.map(eventId));
    for (const event of left) digest.feed({ type: "event", event });
    for (const path of spool.unreadable)
      log.error({ event: "spool.unreadable", path }, lines.unreadable(path));
  }

  function lifeOf({ createdAtMs }: Letter): Millis {
    const left = settings.maxAge - (wallClock() - createdAtMs);
    return milliseconds(Math.min(settings.maxAge, Math.max(0, left)));
  }

  function write(incident: Incident): void {
    const letter = compose(incident, wallClock(), threads, options());
    if (letter === undefined) {
      // A reload took away who wanted it.
      spool.removeEvents(incident.events.map(eventId));
      return;
    }
    spool.putLetter(letter);
    spool.removeEvents(incident.events.map(eventId));
    threads = remember(threads, letter);
    log.info({ event: "letter.written", id: letter.id, severity: letter.severity }, lines.written(letter));
    queue.feed({ type: "add", letter, left: settings.maxAge });
  }

  function performQueue(action: QueueAction): void {
    switch (action.type) {
      case "send":
        if (!stopping) send(action.letter, action.to);
        return;
      case "save":
        persist("save a letter", () => spool.putLetter(action.letter));
        return;
      case "settle":
        settle(action.letter, action.into);
        return;
      case "report-outage":
        log.warn({ event: "smtp.outage", problem: action.problem }, lines.outage(action.problem));
        return;
      case "report-outage-over":
        log.info({ event: "smtp.outage-over" }, lines.outageOver());
        return;
    }
  }

  function send(letter: Letter, to: readonly string[]): void {
    const work = parts.deliver(letter, to, settings).then((outcome) => heard(letter, outcome));
    inFlight.add(work);
    parts.background(
      "sending a letter",
      work.finally(() => inFlight.delete(work)),
    );
  }

  function heard(letter: Letter, outcome: Outcome): void {
    const { id } = letter;
    if (outcome.type === "unreachable") {
      const { problem, alarm } = outcome;
      if (alarm) log.error({ event: "smtp.alarm", problem }, lines.smtpAlarm(problem));
      queue.feed({ type: "unreachable", id, problem, jitter: random() });
      return;
    }
    const { server, answers, tls } = outcome;
    if (tlsMemory.vanished(server, tls))
      log.error({ event: "smtp.no-tls", server }, lines.tlsVanished(server));
    for (const { address, verdict, reply } of answers) {
      sent.add({ channel: "smtp", result: verdict });
      const level = verdict === "delivered" ? "info" : verdict === "later" ? "warn" : "error";
      log[level]({ event: `mail.${verdict}`, id, address, server }, lines.answered(address, verdict, reply));
    }
    queue.feed({ type: "answered", id, answers, jitter: random() });
  }

  function settle(letter: Letter, into: "done" | "failed"): void {
    persist("settle a letter", () => spool.settle(letter, into));
    for (const { address, state, reply = "" } of letter.deliveries) {
      if (state !== "rejected" && state !== "expired") continue;
      const { id, subject } = letter;
      log.error({ event: "letter.failed", id, address }, lines.gaveUp(address, subject, reply));
      const fact = { kind: "delivery.failed", letter: id, subject, to: address, reason: reply } as const;
      parts.events.publish("warning", fact);
    }
  }

  return {
    take(event, old = false) {
      const id = eventId(event);
      if (known.has(id)) return true;
      const asked = !old && isWanted(event);
      if (asked) {
        spool.putEvent(event);
        known.add([id]);
      }
      // An old event would begin a letter if it were fed; the story can do without it.
      if (!old) digest.feed({ type: "event", event });
      return asked;
    },
    note: (text) => digest.feed({ type: "note", text }),
    test(to) {
      const letter = testLetter(parts.node, options().from, to, wallClock(), random());
      spool.putLetter(letter);
      queue.feed({ type: "add", letter, left: settings.maxAge });
      return letter;
    },
    letters: (folder) => spool.letters(folder),
    queue: queue.state,
    retry(id) {
      const queued = queue.state().letters.get(id);
      if (queued !== undefined) {
        queue.feed({ type: "flush", id });
        return queued.letter;
      }
      const failed = spool.letters("failed").find((letter) => letter.id === id);
      if (failed === undefined) throw new ControlError("no-letter", `no letter ${id} waits or has failed`);
      const letter = revived(failed);
      spool.revive(letter);
      queue.feed({ type: "add", letter, left: settings.maxAge });
      return letter;
    },
    flush() {
      digest.feed({ type: "close" });
      queue.feed({ type: "flush" });
      return queue.state().letters.size;
    },
    configure(changed) {
      settings = changed;
      digest.stop();
      digest = openDigest(digest.state());
    },
    async stop() {
      digest.feed({ type: "close" });
      digest.stop();
      stopping = true;
      const late = new Promise<void>((resolve) => void clock.at(plus(clock.now(), STOP_LIMIT), resolve));
      await Promise.race([Promise.allSettled([...inFlight]), late]);
      queue.stop();
    },
  };
}

/** Rejected and expired recipients wait again. */
function revived(letter: Letter): Letter {
  const deliveries = letter.deliveries.map((delivery) =>
    delivery.state === "delivered" ? delivery : { ...delivery, state: "waiting" as const },
  );
  return { ...letter, deliveries };
}

function testLetter(
  node: string,
  from: string,
  to: readonly string[],
  nowMs: number,
  random: number,
): Letter {
  const name = `test.${Math.floor(random * 0xffff_ffff).toString(36)}`;
  return {
    schemaVersion: 1,
    id: `${String(nowMs).padStart(14, "0")}.${name}`,
    createdAtMs: nowMs,
    messageId: `<${name}.${nowMs}@systole.${node.replaceAll(/[^A-Za-z0-9.-]/g, "-")}>`,
    from,
    subject: `${node}: test letter of Systole`,
    text: `This is a test letter of notifierd on ${node}. Letters about your cluster will come this way.\n`,
    ...{ severity: "info", node, opens: [], closes: [], events: [] },
    deliveries: to.map((address) => ({ address, state: "waiting", attempts: 0 })),
  };
}
