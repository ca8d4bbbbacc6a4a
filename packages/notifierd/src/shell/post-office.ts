/**
 * Where the parts of notifierd meet: an event is written to the spool, collected to an incident, written as a letter,
 * sent until each recipient has an answer.
 *
 * What is acknowledged is on disk. A crash between two steps repeats the later one: an event is told again only with
 * the same Message-ID, never lost.
 */
import type { EventLog } from "@systole/bus";
import { ControlError, type Logger, type Metrics } from "@systole/daemon";
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
import type { Half } from "../core/hand-over.js";
import { channelsOf, compose, type LetterOptions, wanted } from "../core/letter.js";
import { isTheActivesStory } from "../core/notify-from.js";
import { remember, type Threads } from "../core/threads.js";
import * as lines from "../log-lines.js";
import { type Channel, type ClusterEvent, eventId, type Fact, type Letter, type Severity } from "../types.js";
import type { Dialogue } from "./dialogue.js";
import { type Dispatch, openDispatch } from "./dispatch.js";
import { openHolding } from "./holding.js";
import { KnownEvents } from "./known-events.js";
import { beginLife } from "./life.js";
import type { Outcome } from "./outcome.js";
import { openPeerNotifier } from "./peer-notifier.js";
import { persistently } from "./persistently.js";
import { openQuietKeeper, type QuietKeeper } from "./quiet-keeper.js";
import type { Role } from "./role.js";
import type { Folder, Spool } from "./spool.js";
import { testLetter } from "./test-letter.js";
import { Woken } from "./woken.js";

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
  readonly deliver: (
    letter: Letter,
    to: readonly string[],
    settings: NotifierSettings,
    dialogue: Dialogue,
  ) => Promise<Outcome>;
  /** Whether this director is a standby, for `notify-from = active`. */
  readonly role: Role;
  /** Says something to the notifierd of another node. */
  readonly tell: (peer: string, text: string) => Promise<unknown>;
  /** Names this life of the kernel. */
  readonly kernelBoot: string;
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
  /** What another director's notifierd says to us. @throws SpoolError it must come again */
  hearPeer(event: ClusterEvent): void;
  /** Something that the notifier found out itself. */
  publish(severity: Severity, fact: Fact): void;
  /** Something the next letter has to say: events that are lost. */
  note(text: string): void;
  /** Writes a test letter and answers with it. @throws SpoolError */
  test(to: readonly string[], channel?: Channel): Letter;
  letters(folder: Folder): readonly Letter[];
  ids(folder: Folder): readonly string[];
  readonly dispatch: Pick<Dispatch, "letters" | "channels" | "dialogue">;
  readonly quiet: Pick<QuietKeeper, "silence" | "unsilence" | "silences" | "flapping">;
  /** Somebody takes care of it: nobody else is told. @throws ControlError `no-letter` */
  acknowledge(id: string, by: string): Letter;
  /** Tries now: what waits, or one letter, which may be a failed one. @throws ControlError `no-letter` */
  retry(id: string): Letter;
  flush(): number;
  configure(settings: NotifierSettings): void;
  /** Collected events become letters, conversations get a moment to end; nothing new is sent. */
  stop(): Promise<void>;
}

const STOP_LIMIT = milliseconds(5000);
/** Two clocks that differ by more are worth a word in the letter. */
const SKEW_MS = 500;
const flapTiming = ({ flapChanges, flapWindow }: NotifierSettings) => ({
  changes: flapChanges,
  window: flapWindow,
});

export function openPostOffice(parts: PostOfficeParts, initial: NotifierSettings): PostOffice {
  const { node, clock, wallClock, random, log, spool } = parts;
  let settings = initial;
  let threads: Threads = new Map();
  const known = new KnownEvents();
  const woken = new Woken();
  const persist = persistently(clock, log);

  const options = (): LetterOptions => ({
    ...{ from: settings.smtp.from ?? `systole@${node}`, node, isMailAddress, subjects: settings.subjects },
    recipients: settings.recipients,
    isOpen: (trouble) => threads.has(trouble),
    wokenFor: (trouble) => woken.of(trouble),
  });
  const isWanted = (event: ClusterEvent) => wanted(event, options());

  const dispatch = openDispatch({
    ...{ clock, random, log, spool, persist, background: parts.background },
    sent: parts.metrics.counter("systole_notifications", "Letters by what became of them."),
    deliver: (letter, to, dialogue) => parts.deliver(letter, to, settings, dialogue),
    onSettled: settled,
  });
  const holding = openHolding({
    ...{ node, clock, wallClock, log, dispatch },
    limit: () => settings.ceiling,
    from: () => options().from,
    write: (letter) => persist("write a letter", () => post([letter])),
  });
  let stopping = false;
  const peerNotifier = openPeerNotifier({
    ...{ wallClock, log, tell: parts.tell, background: parts.background, options, isWanted },
    groupWaitMs: () => settings.groupWait,
    spare: (id, why) => dispatch.feed({ type: "spare", id, why }),
    take: takeHalf,
  });
  let digest = openDigest(QUIET);
  const quiet = openQuietKeeper({
    ...{ clock, wallClock, log, spool, persist, publish, timing: flapTiming(initial) },
  });
  parts.metrics.beforePrint(() => {
    const length = parts.metrics.gauge("systole_notification_queue_length", "Letters on their way.");
    length.set(dispatch.letters().length);
  });
  recover();
  const life = beginLife({ clock, wallClock, spool, publish, kernelBoot: parts.kernelBoot });

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
        if (letter.partial !== true) known.add(letter.events);
        threads = remember(threads, letter);
        woken.remember(letter);
        holding.recover(letter);
        if (folder === "cur")
          dispatch.add(letter, milliseconds(settings.maxAge - ageOf(letter)), ageOf(letter));
      }
    }
    holding.recovered();
    const events = spool.events();
    const left = events.filter((event) => !known.has(eventId(event)) && isWanted(event));
    spool.removeEvents(events.filter((event) => !left.includes(event)).map(eventId));
    known.add(events.map(eventId));
    for (const event of left) digest.feed({ type: "event", event });
    for (const path of spool.unreadable)
      log.error({ event: "spool.unreadable", path }, lines.unreadable(path));
  }

  /** At most its whole life, whatever the wall clock did. */
  function ageOf({ createdAtMs }: Letter): Millis {
    return milliseconds(Math.min(settings.maxAge, Math.max(0, wallClock() - createdAtMs)));
  }

  function write(incident: Incident): void {
    const now = wallClock();
    const isTheirs = settings.notifyFrom === "active" && parts.role.isStandby();
    // Mail comes last: what it is about counts as told only when every channel has its letter.
    const channels = channelsOf(settings.recipients).toReversed();
    const letters = channels.flatMap((channel) => compose(incident, channel, now, threads, options()) ?? []);
    const last = letters.at(-1);
    const own = { letters, offer() {} };
    const left = stopping ? own : peerNotifier.leave(incident, letters); // who stops hears no answer
    if (isTheirs && isTheActivesStory(incident, isWanted))
      log.info({ event: "letter.left-to-active" }, lines.leftToActive(incident.events.length));
    else post(left.letters.map((one) => (one.id === last?.id ? one : { ...one, partial: true as const })));
    left.offer();
    // With no letter at all, a reload took away who wanted it.
    spool.removeEvents(incident.events.map(eventId));
  }

  /** Neither silences nor flaps: the peer has asked its own, and would tell it if we did not. */
  function takeHalf({ events, answers }: Half, skewMs: number): void {
    const [{ node: peer } = { node: "" }] = events;
    const fresh = events.filter((event) => !known.has(eventId(event)));
    for (const event of fresh.filter(isWanted)) spool.putEvent(event);
    known.add(fresh.map(eventId));
    if (Math.abs(skewMs) > SKEW_MS) digest.feed({ type: "note", text: lines.clockSkew(peer, skewMs) });
    for (const event of fresh)
      digest.feed({ type: "half", event, ...(answers === undefined ? {} : { answers }) });
  }

  /** Letters to disk and into their queues. Repeated as a whole if the disk is full. */
  function post(letters: readonly Letter[]): void {
    const admitted = letters.map(holding.admit);
    for (const letter of admitted) spool.putLetter(letter);
    for (const letter of admitted.toReversed()) {
      threads = remember(threads, letter);
      holding.posted(letter);
      log.info({ event: "letter.written", id: letter.id, severity: letter.severity }, lines.written(letter));
      dispatch.add(letter, settings.maxAge, milliseconds(0));
    }
    if (admitted.some(({ closes }) => closes.length > 0)) spareWhatIsOver();
  }

  function spareWhatIsOver(): void {
    for (const { letter } of dispatch.letters()) {
      if (letter.opens.length === 0 || letter.opens.some((trouble) => threads.has(trouble))) continue;
      dispatch.feed({ type: "spare", id: letter.id, why: "it is over" });
    }
  }

  function settled(letter: Letter): void {
    woken.remember(letter);
    const aboutUs = letter.events.some((id) => id.includes(".notifierd."));
    for (const { address, state, reply = "" } of letter.deliveries) {
      if (state !== "rejected" && state !== "expired") continue;
      const { id, subject } = letter;
      log.error({ event: "letter.failed", id, address }, lines.gaveUp(address, subject, reply));
      const fact = { kind: "delivery.failed", letter: id, subject, to: address, reason: reply } as const;
      // A letter about a letter that failed must not breed another one.
      if (aboutUs) parts.events.publish("warning", fact);
      else publish("warning", fact);
    }
  }

  /** Our own events go the way of all others, but for what is quiet: that is where they come from. */
  function publish(severity: Severity, fact: Fact): void {
    const event = parts.events.publish(severity, fact);
    const asked = isWanted(event);
    persist("keep an event", () => {
      if (asked) spool.putEvent(event);
      known.add([eventId(event)]);
      digest.feed({ type: "event", event });
    });
  }

  function letterOf(id: string): Letter {
    const found = dispatch.find(id) ?? spool.letters("done").find((letter) => letter.id === id);
    if (found === undefined) throw new ControlError("no-letter", `no letter ${id} waits or was delivered`);
    return found;
  }

  return {
    take(event, old = false) {
      const id = eventId(event);
      if (known.has(id)) return true;
      if (old) return false; // it would begin a letter if it were fed; the story can do without it
      if (event.daemon === "heartbeat") parts.role.changed();
      const asked = isWanted(event);
      const told = quiet.hear(event, asked, () => {
        if (asked) spool.putEvent(event);
      });
      if (asked) known.add([id]);
      if (told) digest.feed({ type: "event", event });
      return asked || !told;
    },
    hearPeer: peerNotifier.hear,
    publish,
    note: (text) => digest.feed({ type: "note", text }),
    test(to, channel = "mail") {
      const letter = testLetter({
        node,
        from: options().from,
        to,
        channel,
        nowMs: wallClock(),
        random: random(),
      });
      spool.putLetter(letter);
      dispatch.add(letter, settings.maxAge, milliseconds(0));
      return letter;
    },
    letters: (folder) => spool.letters(folder),
    ids: (folder) => spool.ids(folder),
    dispatch,
    quiet,
    acknowledge(id, by) {
      const letter = letterOf(id);
      const acknowledged = { by, atMs: wallClock() };
      const same = dispatch.letters().filter(({ letter: one }) => isAbout(one, letter));
      for (const { letter: one } of same)
        dispatch.feed({ type: "spare", id: one.id, why: `acknowledged by ${by}`, acknowledged });
      log.info({ event: "letter.acknowledged", id, by }, lines.acknowledged(by, letter.subject));
      publish("info", { kind: "letter.acknowledged", letter: id, subject: letter.subject, by });
      return { ...letter, acknowledged };
    },
    retry(id) {
      const queued = dispatch.find(id);
      if (queued !== undefined) {
        dispatch.feed({ type: "flush", id });
        return queued;
      }
      const failed = spool.letters("failed").find((letter) => letter.id === id);
      if (failed === undefined) throw new ControlError("no-letter", `no letter ${id} waits or has failed`);
      const letter = revived(failed);
      spool.revive(letter);
      dispatch.add(letter, settings.maxAge, milliseconds(0));
      return letter;
    },
    flush() {
      digest.feed({ type: "close" });
      holding.flush();
      dispatch.feed({ type: "flush" });
      return dispatch.letters().length;
    },
    configure(changed) {
      settings = changed;
      digest.stop();
      digest = openDigest(digest.state());
      quiet.configure(flapTiming(changed));
    },
    async stop() {
      stopping = true;
      digest.feed({ type: "close" });
      digest.stop();
      quiet.stop();
      life.end();
      holding.stop();
      const late = new Promise<void>((resolve) => void clock.at(plus(clock.now(), STOP_LIMIT), resolve));
      await Promise.race([dispatch.stop(), late]);
    },
  };
}

/** The same letter, or one about a trouble that it told of. */
const isAbout = (one: Letter, { id, opens }: Letter): boolean =>
  one.id === id || one.opens.some((trouble) => opens.includes(trouble));

/** Rejected and expired recipients wait again. */
function revived(letter: Letter): Letter {
  const deliveries = letter.deliveries.map((delivery) =>
    delivery.state === "rejected" || delivery.state === "expired"
      ? { ...delivery, state: "waiting" as const }
      : delivery,
  );
  return { ...letter, deliveries };
}
