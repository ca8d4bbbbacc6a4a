/** What notifierd writes into the log, one function per line. */
import type { Channel, Letter } from "./types.js";

const reason = (error: unknown): string => (error instanceof Error ? error.message : String(error));

export const written = ({ subject, deliveries }: Letter): string =>
  `letter to ${deliveries.map(({ address }) => address).join(", ")}: ${subject}`;
export const answered = (address: string, verdict: "delivered" | "later" | "never", reply: string): string =>
  `mail to ${address} ${{ delivered: "delivered", later: "put off", never: "refused" }[verdict]}: ${reply}`;
export const gaveUp = (address: string, subject: string, reply: string): string =>
  `gave up on mail to ${address} about "${subject}": ${reply}`;
export const outage = (channel: Channel, problem: string): string =>
  `${channel === "mail" ? "no mail server takes" : `${channel} does not take`} letters, they wait: ${problem}`;
export const outageOver = (channel: Channel): string =>
  `${channel === "mail" ? "a mail server" : channel} takes letters again`;
export const smtpAlarm = (channel: Channel, problem: string): string =>
  `${channel} cannot be sent until somebody mends this: ${problem}`;
export const tlsVanished = (server: string): string =>
  `${server} spoke TLS before and does not offer it any more; mail went in clear`;
export const unreadable = (path: string): string =>
  `${path} is not an event or letter of ours, or cannot be read; left where it is`;
export const spoolFailed = (what: string, error: unknown): string =>
  `the spool cannot be written (${what}): ${reason(error)}; tried again every 5 s`;
export const spoolWorks = (): string => "the spool can be written again";
export const eventRefused = (source: string, error: unknown): string =>
  `an event of ${source} could not be kept, it is asked for again: ${reason(error)}`;
export const sourceLost = (source: string, problem: string): string => `no events from ${source}: ${problem}`;
export const sourceLive = (source: string): string => `listening to ${source}`;
export const dropTaken = (count: number): string => `${count} events waited in the drop box`;
export const dropRefused = (error: unknown): string =>
  `events in the drop box wait, they could not be kept: ${reason(error)}`;
export const tooOld = (count: number): string =>
  `${count} events in the drop box were older than max-age and are not told; systole events has them`;
export const leftToActive = (events: number): string =>
  `${events} events are the active director's to tell (notify-from = active)`;
export const peerUntold = (peer: string, error: unknown): string =>
  `our half of the hand-over cannot be left to ${peer}: ${reason(error)}; it is a letter of its own`;
export const halfTaken = (peer: string, events: number): string =>
  `${peer}'s half of the hand-over, ${events} events, is told in our letter`;
export const halfDeclined = (peer: string, late: boolean): string =>
  `${peer} tells its half of the hand-over itself: ${late ? "too late" : "we would not tell all whom it tells"}`;
export const clockSkew = (peer: string, ms: number): string =>
  `the clock of ${peer} is ${(Math.abs(ms) / 1000).toFixed(1)} s ${ms > 0 ? "behind" : "ahead of"} ours`;
export const missed = (source: string, count: number): string => `${count} events of ${source} are lost`;
export const held = (address: string, perHour: number): string =>
  `more than ${perHour} mails an hour to ${address}: the rest comes as one letter`;
export const acknowledged = (by: string, subject: string): string => `${by} takes care of "${subject}"`;
export const auditFailed = (path: string, error: unknown): string =>
  `the audit trail ${path} cannot be written: ${reason(error)}`;
