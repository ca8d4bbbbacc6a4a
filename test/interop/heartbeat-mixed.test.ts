/**
 * Mixed clusters: our heartbeat beside a real 3.0.6, in both roles, with the digests and media that a real one knows.
 *
 * Each test is one life of a cluster, told by its steps; all of them run at the same time, because nearly all of their
 * time is waiting. `npm run test:interop` builds the root with the real programs first.
 */
import { describe, expect, test } from "vitest";
import { peersImpossible } from "../lab/peer.js";
import { elapse, until } from "../lab/until.js";
import { watchOwnership } from "../netns/ownership-watch.js";
import { DEADTIME_MS, type Mixed, type Name, OTHER, PREFERRED, VIP, withMixed } from "./mixed-cluster.js";

const LIFE_MS = 1_200_000;
const MEDIA = {
  ucast: "ucast hb1 10.0.3.1\nucast hb1 10.0.3.2\n",
  bcast: "bcast hb1\n",
  mcast: "mcast hb1 239.0.0.42 694 1 0\n",
} as const;
const AUTHKEYS = {
  sha1: "auth 1\n1 sha1 laboratory-key\n",
  md5: "auth 2\n2 md5 laboratory-key\n",
  crc: "auth 1\n1 crc\n",
} as const;
type Medium = keyof typeof MEDIA;
type Digest = keyof typeof AUTHKEYS;

/** Every medium with every digest; each medium and each digest in both roles. */
const PAIRS: readonly { readonly ours: Name; readonly medium: Medium; readonly digest: Digest }[] = [
  { ours: PREFERRED, medium: "ucast", digest: "sha1" },
  { ours: OTHER, medium: "ucast", digest: "sha1" },
  { ours: OTHER, medium: "ucast", digest: "md5" },
  { ours: PREFERRED, medium: "ucast", digest: "crc" },
  { ours: OTHER, medium: "bcast", digest: "sha1" },
  { ours: PREFERRED, medium: "bcast", digest: "md5" },
  { ours: OTHER, medium: "bcast", digest: "crc" },
  { ours: PREFERRED, medium: "mcast", digest: "sha1" },
  { ours: PREFERRED, medium: "mcast", digest: "md5" },
  { ours: OTHER, medium: "mcast", digest: "crc" },
];

/** Both run, and the VIP is where it belongs. */
async function coldStart(mixed: Mixed): Promise<void> {
  await mixed.startBoth();
  await mixed.settled(PREFERRED);
}

async function handOvers(mixed: Mixed): Promise<void> {
  const watch = await watchOwnership(mixed.nodes, VIP);
  await mixed.call(PREFERRED, "hb_standby", ["all"]);
  await mixed.settled(OTHER);
  await mixed.call(PREFERRED, "hb_takeover", ["local"]);
  await mixed.settled(PREFERRED);
  await mixed.call(OTHER, "hb_takeover", ["all"]);
  await mixed.settled(OTHER);
  await mixed.call(OTHER, "hb_standby", ["foreign"]);
  await mixed.settled(PREFERRED);
  expect((await watch.stop()).twoOwners).toEqual([]);
}

/** Power failure of the preferred node, takeover, its return, and failback without a command. */
async function crashAndReturn(mixed: Mixed): Promise<void> {
  await mixed.node(PREFERRED).kill();
  await mixed.ownedBy(OTHER);
  await mixed.reboot(PREFERRED);
  await mixed.settled(PREFERRED);
}

async function cleanStops(mixed: Mixed): Promise<void> {
  const watch = await watchOwnership(mixed.nodes, VIP);
  await mixed.stop(PREFERRED);
  await mixed.ownedBy(OTHER);
  await mixed.start(PREFERRED);
  await mixed.settled(PREFERRED);
  await mixed.stop(OTHER);
  await elapse(DEADTIME_MS);
  expect(mixed.owners()).toEqual([PREFERRED]);
  await mixed.start(OTHER);
  await mixed.settled(PREFERRED);
  expect((await watch.stop()).twoOwners).toEqual([]);
}

/** A quarter of all datagrams is lost: each is asked for again, and nobody is called dead. */
async function loss(mixed: Mixed): Promise<void> {
  const before = [PREFERRED, OTHER].map((name) => deaths(mixed, name));
  await mixed.cluster.faults.loss(OTHER, "hb1", 25);
  await elapse(15_000);
  await mixed.cluster.faults.heal();
  expect(mixed.owners()).toEqual([PREFERRED]);
  expect([PREFERRED, OTHER].map((name) => deaths(mixed, name))).toEqual(before);
  expect(mixed.log(mixed.real)).toContain("lost packet(s) for");
  expect(mixed.log(mixed.options.ours)).toContain("lost packet(s) for");
}

const deaths = (mixed: Mixed, name: string) =>
  mixed.log(name as Name).split(/node director\d: is dead/).length - 1;

/** Both take everything; once they hear each other again one is left, ours without a gap. */
async function partition(mixed: Mixed): Promise<void> {
  const { ours } = mixed.options;
  const said = () => [PREFERRED, OTHER].map((name) => deaths(mixed, name));
  const before = said();
  await mixed.cluster.faults.split([PREFERRED], ["hb1"]);
  const apart = () => mixed.owners().length === 2 && said().every((count, at) => count > before[at]!);
  await until("both to have it, and to call the other dead", apart, { limitMs: 180_000 });
  await mixed.cluster.faults.heal();
  const watch = await watchOwnership([mixed.node(ours)], VIP);
  await mixed.ownedBy(ours);
  expect((await watch.stop()).longestGapMs).toBe(0);
  await mixed.settled(PREFERRED);
}

/** `heartbeat -r` of a real node with a changed ha.cf: it runs anew and nothing moves. */
async function quickRestart(mixed: Mixed): Promise<void> {
  const watch = await watchOwnership(mixed.nodes, VIP);
  for (const name of [PREFERRED, OTHER] as const) {
    mixed.put(name, "ha.cf", `${mixed.read(name, "ha.cf")}hopfudge 2\n`);
    await mixed.reload(name);
  }
  await until("the restart to be seen", () =>
    mixed.log(mixed.options.ours).includes("Heartbeat restart on node"),
  );
  await mixed.settled(PREFERRED);
  await elapse(2000);
  const { twoOwners, longestGapMs } = await watch.stop();
  expect([twoOwners, longestGapMs]).toEqual([[], 0]);
}

/** A second key for both, then each signs with it in its turn, a good while apart. */
async function rotateKeys(mixed: Mixed): Promise<void> {
  const watch = await watchOwnership(mixed.nodes, VIP);
  const { ours } = mixed.options;
  const keys = "1 sha1 laboratory-key\n2 sha1 the-next-key\n";
  const turn = async (name: typeof PREFERRED | typeof OTHER, signing: number) => {
    mixed.put(name, "authkeys", `auth ${signing}\n${keys}`);
    await elapse(1100); // the original looks at whole seconds of the file's time
    await mixed.reload(name);
  };
  for (const name of [ours, mixed.real]) await turn(name, 1);
  await elapse(2000);
  const before = [PREFERRED, OTHER].map((name) => deaths(mixed, name));
  await turn(ours, 2);
  await elapse(2 * DEADTIME_MS);
  expect(mixed.owners()).toEqual([PREFERRED]);
  expect([PREFERRED, OTHER].map((name) => deaths(mixed, name))).toEqual(before);
  await turn(mixed.real, 2);
  await elapse(2 * DEADTIME_MS);
  expect([PREFERRED, OTHER].map((name) => deaths(mixed, name))).toEqual(before);
  const { twoOwners, longestGapMs } = await watch.stop();
  expect([twoOwners, longestGapMs]).toEqual([[], 0]);
}

/** Started with another key the real one takes everything, as it always did; ours hears that it is there, and waits. */
async function differentKeys(mixed: Mixed): Promise<void> {
  const { ours } = mixed.options;
  mixed.put(mixed.real, "authkeys", "auth 1\n1 sha1 another-key\n");
  const watch = await watchOwnership(mixed.nodes, VIP);
  await mixed.startBoth();
  await mixed.ownedBy(mixed.real);
  await elapse(4 * DEADTIME_MS);
  expect(mixed.owners()).toEqual([mixed.real]);
  expect(mixed.log(ours)).toContain(`${mixed.real} speaks on hb1 with a key that this node does not have`);
  expect((await watch.stop()).twoOwners).toEqual([]);
  await mixed.node(mixed.real).kill();
  await mixed.ownedBy(ours);
}

const APACHE = `#!/bin/sh
case "$1" in
start) touch /run/apache-runs;;
stop) rm -f /run/apache-runs;;
status) if [ -e /run/apache-runs ]; then echo running; else echo stopped; fi;;
esac
`;

/** A script of ours dies; the real one, to which the directive is a comment, is offered the group, and keeps it. */
async function moveWhatIsDown(mixed: Mixed): Promise<void> {
  for (const name of [PREFERRED, OTHER] as const) {
    mixed.put(name, "haresources", `${PREFERRED} IPaddr2::${VIP}/24/pub apache\n`);
    mixed.put(name, "resource.d/apache", APACHE);
  }
  await coldStart(mixed);
  const watch = await watchOwnership(mixed.nodes, VIP);
  await until("the script to run", () => mixed.node(PREFERRED).has("/run/apache-runs"));
  await mixed.node(PREFERRED).run(["rm", "/run/apache-runs"]);
  await mixed.settled(OTHER);
  expect(mixed.peer.has("/run/apache-runs")).toBe(true);
  await elapse(2 * DEADTIME_MS);
  expect(mixed.owners()).toEqual([OTHER]);
  expect((await watch.stop()).twoOwners).toEqual([]);
  expect(mixed.log(PREFERRED)).toContain("is down: it does not run; its group goes to another node");
}

describe.skipIf(peersImpossible("cluster") !== undefined).concurrent("our heartbeat and a real one", () => {
  test.each(PAIRS)(
    "$ours ours, $medium, $digest: hand-overs, crash and return, clean stops",
    async ({ ours, medium, digest }) => {
      await withMixed({ ours, media: MEDIA[medium], authkeys: AUTHKEYS[digest] }, async (mixed) => {
        await coldStart(mixed);
        await handOvers(mixed);
        await crashAndReturn(mixed);
        await cleanStops(mixed);
      });
    },
    LIFE_MS,
  );

  test.each([{ ours: PREFERRED }, { ours: OTHER }] as const)(
    "$ours ours: loss, quick restart, new keys, partition and heal",
    async ({ ours }) => {
      await withMixed({ ours, media: MEDIA.ucast, authkeys: AUTHKEYS.sha1 }, async (mixed) => {
        await coldStart(mixed);
        await loss(mixed);
        await quickRestart(mixed);
        await rotateKeys(mixed);
        await partition(mixed);
      });
    },
    LIFE_MS,
  );

  test.each([{ ours: PREFERRED }, { ours: OTHER }] as const)(
    "$ours ours, the other one with another key: one owner",
    async ({ ours }) => withMixed({ ours, media: MEDIA.bcast, authkeys: AUTHKEYS.sha1 }, differentKeys),
    LIFE_MS,
  );

  test(
    "director1 ours, monitored: a group whose script has died goes to the other one",
    async () => {
      const options = { media: MEDIA.ucast, authkeys: AUTHKEYS.sha1, haCf: "#% monitor 1 move\n" };
      await withMixed({ ours: PREFERRED, ...options }, moveWhatIsDown);
    },
    LIFE_MS,
  );
});
