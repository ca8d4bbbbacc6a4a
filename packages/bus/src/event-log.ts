/** The last events of one daemon, for whoever asks `since`. Bounded: the oldest go first. */
import type { ClusterEvent, Fact, Severity } from "./event.js";

export const EVENT_LOG_LENGTH = 1024;

export interface EventSource {
  readonly boot: string;
  readonly node: string;
  readonly daemon: string;
  /** Wall clock in milliseconds since 1970. */
  readonly wallClock: () => number;
}

/** What a reader missed, and what it can still have. */
export interface Since {
  /** How many events were dropped before it came back, or undefined if the boot is another one. */
  readonly missed: number | undefined;
  readonly events: readonly ClusterEvent[];
}

export interface EventLog {
  publish(severity: Severity, fact: Fact): ClusterEvent;
  /** Events after `sequence` of `boot`; all that are kept when the boot is not ours. */
  since(boot: string, sequence: number): Since;
  /** Told of each new event. Returns how to stop. */
  watch(listener: (event: ClusterEvent) => void): () => void;
}

export function eventLog(source: EventSource, length = EVENT_LOG_LENGTH): EventLog {
  const kept: ClusterEvent[] = [];
  const listeners = new Set<(event: ClusterEvent) => void>();
  let sequence = 0;
  return {
    publish(severity, fact) {
      sequence += 1;
      const { boot, node, daemon } = source;
      const event: ClusterEvent = {
        v: 1,
        boot,
        sequence,
        node,
        daemon,
        atMs: source.wallClock(),
        severity,
        fact,
      };
      kept.push(event);
      if (kept.length > length) kept.shift();
      for (const listener of [...listeners]) listener(event);
      return event;
    },
    since(boot, last) {
      if (boot !== source.boot) return { missed: undefined, events: [...kept] };
      const events = kept.filter((event) => event.sequence > last);
      return { missed: Math.max(0, sequence - last - events.length), events };
    },
    watch(listener) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
  };
}
