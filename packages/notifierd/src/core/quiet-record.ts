/** What is quiet, as the spool keeps it across a restart: moments as wall-clock time. */
import { type Instant, instant } from "@systole/machine";
import type { Flap } from "./flaps.js";
import type { Quiet } from "./quiet.js";
import type { Silence } from "./silences.js";

interface FlapRecord {
  readonly key: string;
  readonly what: string;
  /** Milliseconds since 1970, as all of these. */
  readonly recentMs: readonly number[];
  readonly downSinceMs: number | null;
  readonly longestDownMs: number;
  /** Null while calm. */
  readonly flapping: { readonly sinceMs: number; readonly count: number } | null;
}

/** Of what is calm only so many are kept, those that changed last. */
const CALM_LIMIT = 200;

export type SilenceRecord = Omit<Silence, "until"> & { readonly untilMs: number };

export interface QuietRecord {
  readonly schemaVersion: 1;
  readonly flaps: readonly FlapRecord[];
  readonly silences: readonly SilenceRecord[];
}

/** @param epochMs wall-clock time of the monotonic clock's zero */
export function recordOf({ flaps, silences }: Quiet, epochMs: number): QuietRecord {
  const wall = (at: Instant) => Math.round(at + epochMs);
  const calm = [...flaps].filter(([, flap]) => flap.flapping === undefined).slice(-CALM_LIMIT);
  const flapping = [...flaps].filter(([, flap]) => flap.flapping !== undefined);
  const records = [...calm, ...flapping].map(([key, flap]): FlapRecord => {
    const { what, recent, downSince, longestDownMs } = flap;
    const times = {
      recentMs: recent.map(wall),
      downSinceMs: downSince === undefined ? null : wall(downSince),
    };
    const now =
      flap.flapping === undefined ? null : { sinceMs: wall(flap.flapping.since), count: flap.flapping.count };
    return { key, what, ...times, longestDownMs, flapping: now };
  });
  const quiet = [...silences.values()].map(({ until, ...rest }) => ({ ...rest, untilMs: wall(until) }));
  return { schemaVersion: 1, flaps: records, silences: quiet };
}

/** @param epochMs as for `recordOf`, of this process */
export function quietOf({ flaps, silences }: QuietRecord, epochMs: number): Quiet {
  const here = (ms: number) => instant(ms - epochMs);
  return {
    flaps: new Map(
      flaps.map(({ key, what, recentMs, downSinceMs, longestDownMs, flapping }): [string, Flap] => {
        const downSince = downSinceMs === null ? undefined : here(downSinceMs);
        const now = flapping === null ? undefined : { since: here(flapping.sinceMs), count: flapping.count };
        return [key, { what, recent: recentMs.map(here), downSince, longestDownMs, flapping: now }];
      }),
    ),
    silences: new Map(silences.map(({ untilMs, ...rest }) => [rest.id, { ...rest, until: here(untilMs) }])),
  };
}
