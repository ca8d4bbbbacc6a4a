/** What may befall a cluster, as data: schedules that fast-check makes, shrinks and prints. */
import fc from "fast-check";

export type Fault =
  | { readonly kind: "power-cut"; readonly node: number; readonly forMs: number }
  | { readonly kind: "kill"; readonly node: number; readonly forMs: number }
  | {
      readonly kind: "freeze";
      readonly node: number;
      readonly forMs: number;
      readonly actions: number | undefined;
    }
  | { readonly kind: "stop"; readonly node: number; readonly forMs: number }
  /** On purpose, as an upgrade does; the next process starts so much later. */
  | { readonly kind: "restart"; readonly node: number; readonly forMs: number }
  /** A real server stops serving for a while. */
  | { readonly kind: "real-server"; readonly server: number; readonly forMs: number }
  /** A script of the first group ends by itself, if it runs there. */
  | { readonly kind: "die"; readonly node: number }
  | { readonly kind: "standby"; readonly node: number; readonly set: "all" | "local" | "foreign" }
  | { readonly kind: "takeover"; readonly node: number; readonly set: "all" | "local" | "foreign" }
  | {
      readonly kind: "disturb";
      readonly medium: number;
      /** From this node to the others, or of the others to it. */
      readonly node: number;
      readonly direction: "from" | "to" | "both";
      readonly cut: boolean;
      readonly loss: number;
      readonly jitterMs: number;
      readonly duplicate: number;
      readonly forMs: number;
    };

export interface Timed {
  readonly atMs: number;
  readonly fault: Fault;
}

export interface Schedule {
  readonly seed: number;
  /** How fast each node's clock runs; as many nodes as there are rates. */
  readonly clockRates: readonly number[];
  readonly autoFailback: "on" | "off";
  /** Milliseconds between the starts of one and the next. */
  readonly secondStartsAfterMs: number;
  readonly faults: readonly Timed[];
  readonly directors?: boolean;
  /** The times of the shipped ha.cf. */
  readonly quick?: boolean;
  /** The first group has a script, and resources are asked for their status every two seconds. */
  readonly monitored?: boolean;
}

export interface Reach {
  /** Media whose number is below this are never disturbed. */
  readonly healthyMedia: number;
  readonly media: number;
  /** From the beginning every packet takes its time: little on the first medium, up to three seconds on the last. */
  readonly shuffled?: boolean;
  /** With the times of the shipped ha.cf; silences are as much shorter. */
  readonly quick?: boolean;
  /** Two, unless there are three directors. */
  readonly nodes?: 3;
  /** ldirectord is in the world, and real servers fail, too. */
  readonly directors?: boolean;
  /** Resources die, and monitoring finds them. */
  readonly monitored?: boolean;
}

/** Faults happen in this time; then everything is healed and thawed. */
export const FAULTS_UNTIL_MS = 60_000;

const set = fc.constantFrom("all", "local", "foreign" as const);

const mostly = (boundaries: readonly number[], most: number) =>
  fc.oneof(
    fc.integer({ min: 0, max: most }),
    fc.constantFrom(...boundaries).chain((at) => fc.integer({ min: Math.max(0, at - 60), max: at + 60 })),
  );

const realServer = fc.record({
  kind: fc.constant("real-server" as const),
  server: fc.integer({ min: 0, max: 1 }),
  forMs: fc.integer({ min: 0, max: 20_000 }),
});

/** Lengths of silence: any, and just around lease and deadtime. */
const classicSilence = mostly([2000, 3000, 3380, 4000, 5000, 6000], 40_000);
const quickSilence = mostly([200, 400, 690, 800, 1000, 1200], 8000);

function faults(reach: Reach): fc.Arbitrary<Fault> {
  const node = fc.integer({ min: 0, max: (reach.nodes ?? 2) - 1 });
  const silence = reach.quick ? quickSilence : classicSilence;
  const disturb = fc.record({
    kind: fc.constant("disturb" as const),
    medium: fc.integer({ min: reach.healthyMedia, max: reach.media - 1 }),
    node,
    direction: fc.constantFrom("from", "to", "both" as const),
    cut: fc.boolean(),
    loss: fc.constantFrom(0, 0.1, 0.3, 0.6),
    jitterMs: fc.constantFrom(0, 20, 90, 400, 3000),
    duplicate: fc.constantFrom(0, 0.3),
    forMs: silence,
  });
  /** A healthy medium may still shuffle and repeat. */
  const shuffle = fc.record({
    kind: fc.constant("disturb" as const),
    medium: fc.integer({ min: 0, max: reach.media - 1 }),
    node,
    direction: fc.constant("both" as const),
    cut: fc.constant(false),
    loss: fc.constant(0),
    jitterMs: fc.constantFrom(20, 90),
    duplicate: fc.constantFrom(0, 0.3),
    forMs: silence,
  });
  return fc.oneof(
    { weight: 2, arbitrary: fc.record({ kind: fc.constant("power-cut" as const), node, forMs: silence }) },
    { weight: 2, arbitrary: fc.record({ kind: fc.constant("kill" as const), node, forMs: silence }) },
    {
      weight: 4,
      arbitrary: fc.record({
        kind: fc.constant("freeze" as const),
        node,
        forMs: silence,
        actions: fc.option(fc.integer({ min: 0, max: 4 }), { nil: undefined }),
      }),
    },
    { weight: 1, arbitrary: fc.record({ kind: fc.constant("stop" as const), node, forMs: silence }) },
    { weight: 1, arbitrary: fc.record({ kind: fc.constant("restart" as const), node, forMs: silence }) },
    { weight: 2, arbitrary: fc.record({ kind: fc.constant("standby" as const), node, set }) },
    { weight: 1, arbitrary: fc.record({ kind: fc.constant("takeover" as const), node, set }) },
    { weight: reach.healthyMedia < reach.media ? 3 : 0, arbitrary: disturb },
    { weight: 1, arbitrary: shuffle },
    { weight: reach.directors ? 4 : 0, arbitrary: realServer },
    { weight: reach.monitored ? 8 : 0, arbitrary: fc.record({ kind: fc.constant("die" as const), node }) },
  );
}

export function schedules(reach: Reach): fc.Arbitrary<Schedule> {
  return fc.record({
    seed: fc.nat(),
    clockRates: fc.array(rate, { minLength: reach.nodes ?? 2, maxLength: reach.nodes ?? 2 }),
    autoFailback: fc.constantFrom("on", "off" as const),
    directors: fc.constant(reach.directors ?? false),
    ...(reach.quick ? { quick: fc.constant(true) } : {}),
    ...(reach.monitored ? { monitored: fc.constant(true) } : {}),
    secondStartsAfterMs: fc.oneof(fc.constant(0), fc.integer({ min: 0, max: 15_000 })),
    faults: fc
      .array(
        fc.record({
          atMs: fc.oneof(
            fc.integer({ min: 0, max: FAULTS_UNTIL_MS }),
            fc.integer({ min: 18_000, max: 26_000 }),
          ),
          fault: faults(reach),
        }),
        { maxLength: 6 },
      )
      .map((all) => [...(reach.shuffled ? [slow(0, 90), slow(reach.media - 1, 3000)] : []), ...all])
      .map((all) => all.toSorted((a, b) => a.atMs - b.atMs)),
  });
}

const slow = (medium: number, jitterMs: number): Timed => ({
  atMs: 0,
  fault: {
    kind: "disturb",
    medium,
    node: 0,
    direction: "both",
    cut: false,
    loss: 0,
    jitterMs,
    duplicate: 0,
    forMs: FAULTS_UNTIL_MS,
  },
});

/** Quartz is 0.01 % off; a virtual machine may be worse. */
const rate = fc.constantFrom(1, 1, 0.999, 1.001, 0.99, 1.01);
