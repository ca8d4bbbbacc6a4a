/** The lines of `-i` (our own flows) and `-e` (the peers'), plain or as XML. */
import type { Instant } from "@systole/machine";
import { NONE } from "../core/record-table.js";
import type { Session } from "../core/session.js";
import { entryLine, expectationLine } from "../entry-line.js";
import { entryXml } from "../entry-xml.js";

/** Most entries that the control socket answers: an answer is one JSON line in memory. */
export const LIST_LIMIT = 50_000;

export interface Listing {
  readonly cache: "local" | "peer";
  readonly about: "flows" | "expectations";
  readonly xml: boolean;
}

/** Calls `line` for each entry, one after another. */
export function* listing(
  session: Session,
  { cache: which, about, xml }: Listing,
  now: Instant,
): Generator<string> {
  const second = session.second(now);
  const write = xml ? entryXml : entryLine;
  const { local, receiver } = session;
  if (about === "expectations") {
    const caches =
      which === "local"
        ? [session.expectations]
        : [...receiver.peers.values()].map(({ expectations }) => expectations);
    for (const cache of caches)
      for (const { expectation, ageSeconds } of cache.aged(second))
        yield expectationLine(expectation, ageSeconds);
    return;
  }
  if (which === "local") {
    for (let id = local.next(0); id !== NONE; id = local.next(id + 1)) {
      yield write(local.flow(id), true, second - local.createdAt(id));
    }
    return;
  }
  const { mode, cacheTimeoutSeconds } = session.options;
  for (const { cache } of receiver.peers.values()) {
    for (let id = cache.next(0); id !== NONE; id = cache.next(id + 1)) {
      const line = write(cache.flow(id), false, second - cache.createdAt(id));
      const left = cacheTimeoutSeconds - cache.age(id, second);
      yield mode === "alarm" && !xml ? `${line} [expires in ${left}s]` : line;
    }
  }
}

/** The first `limit` lines, and how many there are. */
export function listOf(session: Session, wanted: Listing, now: Instant, limit: number) {
  const lines: string[] = [];
  let total = 0;
  for (const line of listing(session, wanted, now)) {
    total += 1;
    if (lines.length < limit) lines.push(line);
  }
  return { lines, total };
}
