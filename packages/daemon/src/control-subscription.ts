/**
 * Carries out a subscription over a control socket: the shell of `subscriptionMachine`.
 *
 * While an event is being taken the socket is paused, so at most one chunk of events waits here; the publisher keeps
 * the rest, or disconnects us and we come back with `since`.
 */
import { connect, type Socket } from "node:net";
import {
  type ClusterEvent,
  type Cursor,
  type SubscriptionAction,
  type SubscriptionTiming,
  subscription,
  subscriptionMachine,
} from "@systole/bus";
import { type Clock, drive } from "@systole/machine";
import { ANSWER_LIMIT_BYTES, isRecord, parseServerLine, requestLine } from "./control-protocol.js";
import { lineSplitter } from "./line-splitter.js";

export interface SubscriptionOptions {
  /** The publisher's control socket. */
  readonly path: string;
  readonly clock: Clock;
  /** The last event that was taken, `START` if none. */
  readonly from: Cursor;
  /** Takes one event; if it fails, the event comes again later. The next one waits for it. */
  readonly take: (event: ClusterEvent) => void | Promise<void>;
  /** What was taken is safe with us: the publisher need not leave it in the drop box. */
  readonly keeps?: boolean;
  readonly onGap?: (missed: number) => void;
  readonly onRestart?: () => void;
  readonly onLive?: () => void;
  readonly onLost?: (problem: string) => void;
  readonly timing?: SubscriptionTiming;
  /** A random number from 0 to 1, against reconnecting in step. */
  readonly random?: () => number;
}

/** Subscribes, and stays subscribed until `close`. */
export function subscribe(options: SubscriptionOptions): { close(): void } {
  const { path, clock, from, take, timing, keeps = false, random = Math.random } = options;
  let socket: Socket | undefined;
  let taking: Promise<void> = Promise.resolve();
  const machine = subscriptionMachine(timing);
  const driven = drive(machine, subscription(from, clock.now()), clock, perform);

  function perform(action: SubscriptionAction): void {
    switch (action.type) {
      case "connect":
        socket = open();
        return;
      case "subscribe":
        socket?.write(
          requestLine({ id: 1, verb: "subscribe", args: { ...action.cursor, ...(keeps ? { keeps } : {}) } }),
        );
        return;
      case "disconnect":
        socket?.destroy();
        return;
      case "deliver":
        deliver(action.event);
        return;
      case "report-gap":
        options.onGap?.(action.missed);
        return;
      case "report-restart":
        options.onRestart?.();
        return;
      case "report-live":
        options.onLive?.();
        return;
      case "report-lost":
        options.onLost?.(action.problem);
        return;
    }
  }

  function deliver(event: ClusterEvent): void {
    const from = socket;
    from?.pause();
    taking = taking
      .then(() => (from?.destroyed === true ? Promise.reject(new Error("disconnected")) : take(event)))
      .then(() => {
        const { sequence } = event;
        if (keeps) from?.write(requestLine({ id: sequence, verb: "taken", args: { sequence } }));
      })
      .catch(() => driven.feed({ type: "refused", event }))
      .finally(() => from?.resume());
  }

  function open(): Socket {
    const opened = connect(path);
    const splitter = lineSplitter(ANSWER_LIMIT_BYTES);
    let problem = "the connection ended";
    opened.on("connect", () => driven.feed({ type: "connected" }));
    opened.on("data", (chunk: Buffer) => {
      const lines = splitter.push(chunk);
      if (lines === undefined) opened.destroy(new Error("a line was too long"));
      else for (const line of lines) if (!opened.destroyed) receive(opened, line);
    });
    opened.on("error", (error) => {
      problem = error.message;
    });
    opened.on("close", () => driven.feed({ type: "lost", problem, jitter: random() }));
    return opened;
  }

  function receive(from: Socket, text: string): void {
    try {
      const line = parseServerLine(text);
      switch (line.type) {
        case "answer":
          if (isRecord(line.result)) driven.feed({ type: "answered", boot: String(line.result.boot) });
          return;
        case "error":
          from.destroy(line.error);
          return;
        case "event":
          driven.feed({ type: "event", event: line.event });
          return;
        case "gap":
          driven.feed({ type: "gap", missed: line.missed });
          return;
      }
    } catch (error) {
      from.destroy(error instanceof Error ? error : new Error(String(error)));
    }
  }

  return {
    close() {
      driven.stop();
      socket?.destroy();
    },
  };
}
