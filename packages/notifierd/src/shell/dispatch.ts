/** Letters on their way: a queue for each channel, so that a dead mail server does not hold up a webhook. */
import type { Counter, Logger } from "@systole/daemon";
import { type Clock, type Driven, drive, type Millis } from "@systole/machine";
import {
  EMPTY,
  type Queue,
  type QueueAction,
  type Queued,
  type QueueEvent,
  queueMachine,
} from "../core/queue.js";
import * as lines from "../log-lines.js";
import { type Channel, channelOf, type Letter } from "../types.js";
import { Dialogue } from "./dialogue.js";
import type { Outcome } from "./outcome.js";
import type { Spool } from "./spool.js";
import { TlsMemory } from "./tls-memory.js";

export interface DispatchParts {
  readonly clock: Clock;
  /** A random number from 0 to 1. */
  readonly random: () => number;
  readonly log: Logger;
  readonly sent: Counter;
  readonly spool: Spool;
  readonly deliver: (letter: Letter, to: readonly string[], dialogue: Dialogue) => Promise<Outcome>;
  readonly persist: (what: string, work: () => void) => void;
  readonly background: (what: string, work: Promise<unknown>) => void;
  /** There is an end for each of its recipients. */
  readonly onSettled: (letter: Letter) => void;
}

export interface Dispatch {
  add(letter: Letter, left: Millis, age: Millis): void;
  /** To the queue of one letter, or of all if it names none. */
  feed(event: QueueEvent): void;
  letters(): readonly Queued[];
  find(id: string): Letter | undefined;
  /** What was said in the last conversation about it, of the last few letters. */
  dialogue(id: string): readonly string[] | undefined;
  channels(): Readonly<Record<string, Queue>>;
  /** Nothing more is sent; resolves when no conversation is under way. */
  stop(): Promise<void>;
}

/** Conversations that can be asked for. */
const DIALOGUES = 10;

export function openDispatch(parts: DispatchParts): Dispatch {
  const { clock, random, log, sent, spool, persist } = parts;
  const queues = new Map<Channel, Driven<Queue, QueueEvent>>();
  const tlsMemory = new TlsMemory();
  const inFlight = new Set<Promise<void>>();
  const dialogues = new Map<string, Dialogue>();
  let stopping = false;

  function queueOf(channel: Channel): Driven<Queue, QueueEvent> {
    const found = queues.get(channel);
    if (found !== undefined) return found;
    const made = drive<Queue, QueueEvent, QueueAction>(queueMachine, EMPTY, clock, (action) =>
      perform(channel, action),
    );
    queues.set(channel, made);
    return made;
  }

  function perform(channel: Channel, action: QueueAction): void {
    switch (action.type) {
      case "send":
        if (!stopping) send(channel, action.letter, action.to);
        return;
      case "save":
        persist("save a letter", () => spool.putLetter(action.letter));
        return;
      case "settle":
        persist("settle a letter", () => spool.settle(action.letter, action.into));
        parts.onSettled(action.letter);
        return;
      case "report-outage":
        log.warn(
          { event: "smtp.outage", channel, problem: action.problem },
          lines.outage(channel, action.problem),
        );
        return;
      case "report-outage-over":
        log.info({ event: "smtp.outage-over", channel }, lines.outageOver(channel));
        return;
    }
  }

  function remembered(id: string): Dialogue {
    const dialogue = new Dialogue();
    dialogues.delete(id);
    dialogues.set(id, dialogue);
    if (dialogues.size > DIALOGUES) dialogues.delete(dialogues.keys().next().value!);
    return dialogue;
  }

  function send(channel: Channel, letter: Letter, to: readonly string[]): void {
    const dialogue = remembered(letter.id);
    const work = parts.deliver(letter, to, dialogue).then((outcome) => heard(channel, letter, outcome));
    inFlight.add(work);
    parts.background(
      "sending a letter",
      work.finally(() => inFlight.delete(work)),
    );
  }

  function heard(channel: Channel, { id }: Letter, outcome: Outcome): void {
    const queue = queueOf(channel);
    if (outcome.type === "unreachable") {
      const { problem, alarm } = outcome;
      if (alarm) log.error({ event: "smtp.alarm", channel, problem }, lines.smtpAlarm(channel, problem));
      queue.feed({ type: "unreachable", id, problem, jitter: random() });
      return;
    }
    const { server, answers, tls } = outcome;
    if (channel === "mail" && tlsMemory.vanished(server, tls))
      log.error({ event: "smtp.no-tls", server }, lines.tlsVanished(server));
    for (const { address, verdict, reply } of answers) {
      sent.add({ channel, result: verdict });
      const level = verdict === "delivered" ? "info" : verdict === "later" ? "warn" : "error";
      log[level]({ event: `mail.${verdict}`, id, address, server }, lines.answered(address, verdict, reply));
    }
    queue.feed({ type: "answered", id, answers, jitter: random() });
  }

  const all = (): readonly Queued[] =>
    [...queues.values()].flatMap((queue) => [...queue.state().letters.values()]);
  const find = (id: string) => all().find(({ letter }) => letter.id === id)?.letter;

  return {
    add: (letter, left, age) => queueOf(channelOf(letter)).feed({ type: "add", letter, left, age }),
    feed(event) {
      const letter = "id" in event && event.id !== undefined ? find(event.id) : undefined;
      if (letter !== undefined) queueOf(channelOf(letter)).feed(event);
      else if (event.type === "flush") for (const queue of queues.values()) queue.feed(event);
    },
    letters: all,
    find,
    dialogue: (id) => dialogues.get(id)?.lines,
    channels: () => Object.fromEntries([...queues].map(([channel, queue]) => [channel, queue.state()])),
    async stop() {
      stopping = true;
      await Promise.allSettled([...inFlight]);
      for (const queue of queues.values()) queue.stop();
    },
  };
}
