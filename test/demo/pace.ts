/** How fast the demonstration goes: at once on this machine, slower in the emulated guest. */
export interface Pace {
  readonly keepaliveSeconds: number;
  readonly deadtimeSeconds: number;
  readonly checkSeconds: number;
  /** Milliseconds between two questions of the client. */
  readonly hammerMs: number;
  /** Connections that stay open all the time. */
  readonly streams: number;
  /** A takeover may take this much longer than deadtime before we call it failed. */
  readonly graceMs: number;
}

export const onThisMachine: Pace = {
  ...{ keepaliveSeconds: 1, deadtimeSeconds: 5, checkSeconds: 1 },
  ...{ hammerMs: 20, streams: 10, graceMs: 2000 },
};

export const inTheGuest: Pace = {
  ...{ keepaliveSeconds: 3, deadtimeSeconds: 16, checkSeconds: 5 },
  ...{ hammerMs: 500, streams: 4, graceMs: 30_000 },
};

/** The classic files say what onThisMachine says; for the guest the same files get its numbers. */
export function paced(file: string, text: string, pace: Pace): string {
  const values: Record<string, number> =
    file === "ha.cf"
      ? {
          keepalive: pace.keepaliveSeconds,
          warntime: Math.ceil(pace.deadtimeSeconds / 2),
          deadtime: pace.deadtimeSeconds,
          initdead: pace.deadtimeSeconds * 2,
        }
      : file === "ldirectord.cf"
        ? { checkinterval: pace.checkSeconds, checktimeout: pace.checkSeconds * 2 }
        : {};
  return Object.entries(values).reduce(
    (result, [word, value]) => result.replace(new RegExp(`^(${word}[ =])\\d+$`, "m"), `$1${value}`),
    text,
  );
}
