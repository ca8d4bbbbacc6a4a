/** What `status` answers: for people, for monitoring, and for `systole status`. No secrets, no text of letters. */
import type { PostOffice } from "./post-office.js";
import type { Subscriptions } from "./subscriptions.js";

export function statusOf(office: PostOffice, subscriptions: Subscriptions) {
  const channels = Object.entries(office.dispatch.channels()).map(([channel, { letters, outage }]) => ({
    ...{ channel, waiting: letters.size },
    outage: outage === undefined ? null : { failures: outage.failures, problem: outage.problem },
  }));
  const letters = office.dispatch.letters().map(({ letter }) => letter);
  return {
    schemaVersion: 1,
    waiting: letters.length,
    failed: office.ids("failed").length,
    oldestMs: letters.length === 0 ? null : Math.min(...letters.map(({ createdAtMs }) => createdAtMs)),
    lastSentMs: lastSent(office),
    outage: channels.find(({ outage }) => outage !== null)?.outage ?? null,
    channels,
    held: letters.filter(({ deliveries }) => deliveries.some(({ state }) => state === "held")).length,
    unacknowledged: letters.filter(({ deliveries }) => deliveries.some(({ state }) => state === "standby"))
      .length,
    flapping: office.quiet.flapping(),
    silences: office.quiet
      .silences()
      .map(({ id, pattern, by, leftMs, untold }) => ({ id, pattern, by, leftMs, untold })),
    sources: subscriptions.state(),
  };
}

/** Wall clock of the newest letter that everybody has: an id begins with it. */
function lastSent(office: PostOffice): number | null {
  const newest = office.ids("done").at(-1);
  return newest === undefined ? null : Number(newest.split(".", 1)[0]);
}
