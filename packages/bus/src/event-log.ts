/** The last events of one daemon, for whoever asks `since`. Bounded: the oldest go first. */
import type { ClusterEvent, Fact, Severity } from "./event.js";

export const EVENT_LOG_LENGTH = 1024;

export interface EventSource {
  readonly boot: string;
  readonly node: string;
  readonly daemon: string;
  /** Wall clock in milliseconds since 1970. */
  readonly wallClock: () => number;
  /** Milliseconds since the kernel started. */
  readonly monotonicMs: () => number;
}

/** What a reader missed, and what it can still have. */
export interface Since {
  /** How many events of this boot were dropped before it came back; of an earlier boot nobody knows. */
  readonly missed: number;
  /** In order of their sequence, without a hole. */
  readonly events: readonly ClusterEvent[];
  /** The reader knew this boot; otherwise `sequence` began anew. */
  readonly sameBoot: boolean;
  /** The last sequence of this boot, 0 before the first event. */
  readonly last: number;
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
        monotonicMs: source.monotonicMs(),
        severity,
        fact,
      };
      kept.push(event);
      if (kept.length > length) kept.shift();
      for (const listener of [...listeners]) listener(event);
      return event;
    },
    since(boot, last) {
      const sameBoot = boot === source.boot;
      const from = sameBoot ? last : 0;
      const events = kept.filter((event) => event.sequence > from);
      const missed = Math.max(0, sequence - from - events.length);
      return { missed, events, sameBoot, last: sequence };
    },
    watch(listener) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
  };
}
