/**
 * The receiving side of FTFW for one peer: what arrived, what is missing, what is to be acknowledged.
 *
 *   in order        accepted; after `size` messages, or a second of quiet, ACK
 *   gap             accepted; what was pending is acknowledged, what is missing is asked for again (NACK)
 *   old             dropped
 *   HELLO           the peer started anew: its numbers begin here, whatever they are
 *
 * NOTRACK only counts: every message is accepted and nothing is answered.
 * Pure: a window is replaced, never changed; but for `advance`, which is for the peer who owns it.
 */
import { ACK, HELLO, HELLO_BACK, type Message, NACK } from "./message.js";
import { after, plusSequence, stepsBetween } from "./sequence.js";

export interface Window {
  /** Last sequence that counted; undefined before the first message. */
  readonly last: number | undefined;
  /** First sequence that is not acknowledged yet; undefined if all are. */
  readonly ackFrom: number | undefined;
  /** Messages until the next acknowledgement. */
  readonly left: number;
}

/**
 * The usual case in place, for what comes by the hundred thousand: the next message, nothing to say about it.
 *
 * @returns false if it is another case, for `arrive`; then nothing has changed.
 */
export function advance(
  window: { -readonly [Field in keyof Window]: Window[Field] },
  message: Message,
): boolean {
  const { last, ackFrom, left } = window;
  if (last === undefined || ackFrom === undefined || left <= 1) return false;
  if (message.sequence !== plusSequence(last, 1) || (message.flags & (HELLO | HELLO_BACK)) !== 0)
    return false;
  window.last = message.sequence;
  window.left = left - 1;
  return true;
}

/** ACK or NACK that is to be sent. */
export interface Order {
  readonly flag: number;
  readonly from: number;
  readonly to: number;
}

export interface Arrival {
  readonly window: Window;
  /** Whether the message counts: its contents are to be used. */
  readonly accepted: boolean;
  /** The peer started anew: it knows nothing, and nothing it said before stands. */
  readonly restarted: boolean;
  /** Messages that are missing before this one. */
  readonly lost: number;
  readonly orders: readonly Order[];
}

export const openWindow = (size: number): Window => ({ last: undefined, ackFrom: undefined, left: size });

/**
 * One valid message arrives; a bad one must not come here, it leaves no trace.
 *
 * @param size ACKWindowSize.
 */
export function arrive(window: Window, message: Message, size: number): Arrival {
  const { sequence } = message;
  const expected = window.last === undefined ? sequence : plusSequence(window.last, 1);
  if ((message.flags & HELLO) !== 0) return hello(window, sequence, expected, size);
  if (after(sequence, expected)) return gap(window, sequence, expected, size);
  if (after(expected, sequence)) {
    return { window, accepted: false, restarted: false, lost: 0, orders: [] };
  }
  return inOrder(window, sequence, size, false);
}

/** HELLO stands on every message until it is answered: only one out of order says that the peer is new. */
function hello(window: Window, sequence: number, expected: number, size: number): Arrival {
  const { ackFrom } = window;
  const older = ackFrom !== undefined && after(ackFrom, sequence);
  const now = older ? { ...window, ackFrom: sequence, left: size - 1 } : window;
  return inOrder(now, sequence, size, window.last === undefined || sequence !== expected);
}

function gap(window: Window, sequence: number, expected: number, size: number): Arrival {
  const orders: Order[] = [];
  if (window.ackFrom !== undefined && window.last !== undefined) {
    orders.push({ flag: ACK, from: window.ackFrom, to: window.last });
  }
  orders.push({ flag: NACK, from: expected, to: plusSequence(sequence, -1) });
  return {
    window: { last: sequence, ackFrom: sequence, left: size - 1 },
    accepted: true,
    restarted: false,
    lost: stepsBetween(expected, sequence),
    orders,
  };
}

function inOrder(window: Window, sequence: number, size: number, restarted: boolean): Arrival {
  const ackFrom = window.ackFrom ?? sequence;
  const left = window.left - 1;
  const full = left <= 0;
  return {
    window: full ? { last: sequence, ackFrom: undefined, left: size } : { last: sequence, ackFrom, left },
    accepted: true,
    restarted,
    lost: 0,
    orders: full ? [{ flag: ACK, from: ackFrom, to: sequence }] : [],
  };
}

/** A second of quiet: acknowledges what is pending, if anything is. */
export function acknowledge(window: Window): { readonly window: Window; readonly order: Order | undefined } {
  const { ackFrom, last } = window;
  if (ackFrom === undefined || last === undefined) return { window, order: undefined };
  return { window: { ...window, ackFrom: undefined }, order: { flag: ACK, from: ackFrom, to: last } };
}
