/** What an onlooker writes down: one line per event of the cluster, for stories and replays. */

export interface TraceEntry {
  readonly atMs: number;
  readonly node: string;
  /** `vip-up`, `vip-down`, `peer-dead`, ... */
  readonly what: string;
  readonly detail: string;
}

export interface Trace {
  readonly entries: readonly TraceEntry[];
  add(node: string, what: string, detail: string): void;
}

export function createTrace(now: () => number): Trace {
  const entries: TraceEntry[] = [];
  return {
    entries,
    add(node, what, detail) {
      entries.push({ atMs: now(), node, what, detail });
    },
  };
}

/** `25.042 lb2 peer-dead lb1` */
export const formatEntry = ({ atMs, node, what, detail }: TraceEntry): string =>
  `${(atMs / 1000).toFixed(3)} ${node} ${what}${detail === "" ? "" : ` ${detail}`}`;
