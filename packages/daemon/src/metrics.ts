/**
 * Counters and gauges, printed as OpenMetrics text.
 *
 * Source: the OpenMetrics specification 1.0: `# TYPE`, `# HELP`, samples, `# EOF`; a counter's sample ends in `_total`.
 */

export type Labels = Readonly<Record<string, string>>;

export interface Counter {
  /** Adds `by`, 1 if not said; it must not be negative. */
  add(labels?: Labels, by?: number): void;
}

export interface Gauge {
  set(value: number, labels?: Labels): void;
  /** Forgets one series, such as that of a real server that was removed. */
  forget(labels: Labels): void;
}

export interface Metrics {
  /** @param name without `_total`. Asking again for a name answers the same counter. */
  counter(name: string, help: string): Counter;
  gauge(name: string, help: string): Gauge;
  /** Runs before each print: for values that are cheaper to read than to keep. */
  beforePrint(collect: () => void): void;
  print(): string;
}

/** Series of one metric at most; beyond it new label sets are counted in `systole_metrics_dropped_total`. */
export const SERIES_LIMIT = 10_000;

interface Family {
  readonly type: "counter" | "gauge";
  readonly help: string;
  readonly series: Map<string, number>;
}

const NAME = /^[a-zA-Z_][a-zA-Z0-9_]*$/;

const quoted = (text: string) => text.replaceAll("\\", "\\\\").replaceAll("\n", "\\n").replaceAll('"', '\\"');

/** `{a="1",b="2"}` in the order of the label names, or nothing. */
function labelText(labels: Labels): string {
  const pairs = Object.entries(labels)
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([name, value]) => `${name}="${quoted(value)}"`);
  return pairs.length === 0 ? "" : `{${pairs.join(",")}}`;
}

export function createMetrics(): Metrics {
  const families = new Map<string, Family>();
  const collectors: (() => void)[] = [];
  let dropped = 0;

  function family(name: string, type: Family["type"], help: string): Family {
    if (!NAME.test(name)) throw new RangeError(`"${name}" is not a metric name`);
    const known = families.get(name);
    if (known !== undefined && known.type !== type) throw new RangeError(`${name} is a ${known.type}`);
    const made = known ?? { type, help, series: new Map() };
    families.set(name, made);
    return made;
  }

  function put({ series }: Family, key: string, value: number): void {
    if (!series.has(key) && series.size >= SERIES_LIMIT) dropped += 1;
    else series.set(key, value);
  }

  function print(): string {
    for (const collect of collectors) collect();
    const text: string[] = [];
    for (const [name, { type, help, series }] of families) {
      text.push(`# TYPE ${name} ${type}`, `# HELP ${name} ${quoted(help)}`);
      const suffix = type === "counter" ? "_total" : "";
      for (const [labels, value] of series) text.push(`${name}${suffix}${labels} ${value}`);
    }
    if (dropped > 0) {
      text.push("# TYPE systole_metrics_dropped counter", `systole_metrics_dropped_total ${dropped}`);
    }
    return `${[...text, "# EOF"].join("\n")}\n`;
  }

  return {
    counter(name, help) {
      const own = family(name, "counter", help);
      return {
        add(labels = {}, by = 1) {
          const key = labelText(labels);
          put(own, key, (own.series.get(key) ?? 0) + by);
        },
      };
    },
    gauge(name, help) {
      const own = family(name, "gauge", help);
      return {
        set: (value, labels = {}) => put(own, labelText(labels), value),
        forget: (labels) => void own.series.delete(labelText(labels)),
      };
    },
    beforePrint: (collect) => void collectors.push(collect),
    print,
  };
}
