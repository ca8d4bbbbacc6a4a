/** The rings in their order, and what each step runs. A later ring is slower and closer to the truth. */
import { labImpossible } from "../lab/cluster.js";

export type Counting = "one" | "vitest" | "node-test";

export interface Step {
  readonly ring: "tidy" | "ring 1" | "ring 2" | "ring 3" | "ring 4";
  readonly name: string;
  readonly command: readonly string[];
  /** How its tests are counted: as one, or as its own report says. */
  readonly counting: Counting;
  /** Part of `npm run test:fast`: needs no root, no namespaces. */
  readonly fast: boolean;
  readonly limitMinutes: number;
  /** May run beside a neighbour that only reads, too: no timing in it. */
  readonly readsOnly?: boolean;
  /** Long and mostly idle: runs beside all that follow it. */
  readonly beside?: boolean;
  /** Why it cannot run here; undefined if it can. */
  readonly impossible?: () => string | undefined;
}

const bin = (name: string) => `node_modules/.bin/${name}`;
const plain = (ring: Step["ring"], name: string, command: readonly string[]): Step => ({
  ...{ ring, name, command },
  counting: "one",
  fast: true,
  limitMinutes: 5,
});
const vitest = (ring: Step["ring"], name: string, args: readonly string[]): Step => ({
  ...{ ring, name },
  command: [bin("vitest"), "run", ...args],
  counting: "vitest",
  fast: true,
  limitMinutes: 10,
});

/** Two minutes here, ten at night. */
const SOAK = "test/interop/heartbeat-soak.test.ts";
/** Ten minutes. Starves everything beside it, so nothing is. */
const HOGS = "test/netns/heartbeat-hogs.test.ts";

export const steps: readonly Step[] = [
  plain("tidy", "format", [bin("biome"), "format", "."]),
  plain("tidy", "lint", [bin("biome"), "lint", "--error-on-warnings", "."]),
  plain("tidy", "types", [process.execPath, "test/setup/build.mjs"]),
  {
    ...plain("tidy", "types of tests", [bin("tsc"), "-p", "tsconfig.test.json", "--noEmit"]),
    readsOnly: true,
  },
  { ...plain("tidy", "layering", [process.execPath, "test/tidy/cruise.mjs"]), readsOnly: true },
  { ...vitest("tidy", "tidiness", ["test/tidy", "test/ring"]), readsOnly: true },
  { ...plain("tidy", "dead code", [bin("knip"), "--no-progress"]), readsOnly: true },
  vitest("ring 1", "unit and property", ["packages/", "--exclude", "packages/sim/**", "--no-isolate"]),
  vitest("ring 2", "stories and simulation", ["packages/sim/"]),
  {
    ...vitest("ring 3", "soak beside a real heartbeat", ["-c", "vitest.interop.config.ts", SOAK]),
    fast: false,
    limitMinutes: 25,
    beside: true,
    impossible: () => process.env.RING_NO_PEERS ?? process.env.RING_NO_NAMESPACES ?? labImpossible(),
  },
  {
    ...vitest("ring 3", "namespaces", ["-c", "vitest.netns.config.ts", "--exclude", HOGS]),
    fast: false,
    limitMinutes: 25,
    impossible: () => process.env.RING_NO_NAMESPACES ?? labImpossible(),
  },
  {
    ...vitest("ring 3", "side by side with the originals", [
      ...["-c", "vitest.interop.config.ts", "--exclude", SOAK],
    ]),
    fast: false,
    limitMinutes: 25,
    impossible: () => process.env.RING_NO_PEERS ?? process.env.RING_NO_NAMESPACES ?? labImpossible(),
  },
  {
    ...vitest("ring 3", "packages", ["-c", "vitest.packages.config.ts"]),
    fast: false,
    limitMinutes: 30,
    impossible: () => process.env.RING_NO_PACKAGES ?? labImpossible(),
  },
  {
    ...vitest("ring 3", "ten minutes of hogs", ["-c", "vitest.netns.config.ts", HOGS]),
    fast: false,
    limitMinutes: 20,
    impossible: () => process.env.RING_NO_NAMESPACES ?? labImpossible(),
  },
  {
    ring: "ring 4",
    name: "guest with ip_vs",
    command: ["test/vm/run"],
    counting: "node-test",
    fast: false,
    limitMinutes: 20,
    impossible: () => process.env.RING_NO_GUEST ?? labImpossible(),
  },
];
