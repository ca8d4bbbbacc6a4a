/**
 * The commands of conntrackd beside a real one: the same words, the same exit codes, and texts that differ in nothing
 * but their numbers, down to the width of each, because scripts cut them into columns.
 */
import { afterAll, beforeAll, expect, test, vi } from "vitest";
import { type Cluster, makeCluster } from "../lab/cluster.js";
import { ultraMonkey } from "../lab/topology.js";
import { until } from "../lab/until.js";
import { masquerade, program, startCtsyncd } from "../netns/ctsyncd-pair.js";
import { conntrackd, startConntrackd } from "./conntrackd-peer.js";

vi.setConfig({ testTimeout: 120_000, hookTimeout: 120_000 });

let cluster: Cluster;
const theirs = () => cluster.node("director1");
const ours = () => cluster.node("director2");
const SETTINGS = { options: "ExpectationSync on" };

beforeAll(async () => {
  cluster = await makeCluster({ topology: ultraMonkey({ reals: 0 }) });
  for (const node of [theirs(), ours()]) await masquerade(node); // the kernel follows connections for those rules
  await startConntrackd(theirs(), "udp", SETTINGS);
  await startCtsyncd(ours(), "udp", SETTINGS);
  for (const node of [theirs(), ours()]) await node.sh("for n in 1 2 3; do echo >/dev/udp/10.0.2.11/9; done");
  const known = async () => (await asksOurs(["-e"])).stdout.split("\n").length > 2;
  await until("ctsyncd to know the flows of conntrackd", known, { everyMs: 200, limitMs: 60_000 });
});
afterAll(() => cluster.close());

const asksOurs = (words: readonly string[]) =>
  ours().run([...program("ctsyncd"), ...words], { check: false });
const asksTheirs = (words: readonly string[]) => conntrackd(theirs(), words, false);

/** Numbers without their digits, but with their width. */
const shape = (text: string): string => text.replaceAll(/ *\d+/g, (number) => "#".repeat(number.length));

test.each(
  [
    ...[["-s"], ["-s", "ct"], ["-s", "expect"], ["-s", "network"], ["-s", "cache"], ["-s", "runtime"]],
    ...[
      ["-s", "link"],
      ["-s", "process"],
      ["-s", "queue"],
      ["-s", "net"],
      ["-s", "r"],
      ["-s", "l"],
    ],
  ].map((words) => ({ words })),
)("$words: the same text but for its numbers", async ({ words }) => {
  const [mine, original] = [await asksOurs(words), await asksTheirs(words)];
  expect(mine.status).toBe(original.status);
  expect(shape(mine.stdout)).toBe(shape(original.stdout));
});

test("-s rsqueue: the same first line", async () => {
  const [mine, original] = [await asksOurs(["-s", "rsqueue"]), await asksTheirs(["-s", "rsqueue"])];
  const first = ({ stdout }: { stdout: string }) => shape(stdout.split("\n")[0]!);
  expect(first(mine)).toMatch(/^resent queue/);
  expect(first(mine)).toBe(first(original));
});

/** One line of each kind, without addresses and ports, and without the kernel's number, which ctsyncd does not keep. */
const kinds = (text: string) =>
  [...new Set(text.split("\n").map((line) => line.replace(/<id>\d+<\/id>/, "").replaceAll(/\d+/g, "N")))]
    .filter((line) => line !== "")
    .sort();

test.each([["-i"], ["-e"], ["-i", "-x"], ["-e", "-x"]].map((words) => ({ words })))(
  "$words: the same lines but for their numbers",
  async ({ words }) => {
    const [mine, original] = [await asksOurs(words), await asksTheirs(words)];
    expect(kinds(mine.stdout).length).toBeGreaterThan(0);
    expect(kinds(mine.stdout)).toEqual(kinds(original.stdout));
  },
);

test.each(
  [
    ...[
      ["-f", "internal"],
      ["-f", "external"],
      ["-f"],
      ["-R"],
      ["-B"],
      ["-n"],
      ["-c"],
      ["-c", "ct"],
      ["-c", "expect"],
    ],
    ...[
      ["-f", "nonsense"],
      ["-s", "nonsense"],
      ["-x"],
      ["-i", "-e"],
      ["-n", "-B"],
      ["-h"],
      ["-v"],
      ["-d", "-s"],
    ],
  ].map((words) => ({ words })),
)("$words: the same exit code", async ({ words }) => {
  expect((await asksOurs(words)).status).toBe((await asksTheirs(words)).status);
});

test("an unknown option: 1, where 1.4.7 says 0", async () => {
  const mine = await asksOurs(["-Z"]);
  expect(mine.status).toBe(1);
  expect(mine.stderr).toMatch(/-Z/);
});
