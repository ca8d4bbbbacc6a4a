/**
 * The times of the shipped ha.cf and shorter ones, where only the lease guard (nftables) can end a frozen owner's VIP:
 * what clients see. Lengths of the fault lie around the lease and the deadtime, on both sides of each.
 */
import { expect, test } from "vitest";
import { answeredTwice, probeFrom, watchAnswers } from "../lab/probe.js";
import { elapse, until } from "../lab/until.js";
import { VIP, withPair } from "./heartbeat-pair.js";

const SHIPPED = "keepalive 200ms\ndeadtime 1\nwarntime 500ms\ninitdead 5\n";
const QUICK = "keepalive 50ms\ndeadtime 250ms\nwarntime 150ms\ninitdead 5\n";

test.each([
  { what: "SIGSTOP", times: SHIPPED, lengths: [400, 650, 700, 800, 950, 1000, 1050, 1200, 2500] },
  { what: "SIGKILL", times: SHIPPED, lengths: [300, 700, 1000, 1300, 3000] },
  { what: "SIGSTOP", times: QUICK, lengths: [100, 150, 170, 200, 240, 260, 300, 600] },
] as const)(
  "$what of the owner's daemon, $times: nobody ever hears two owners",
  async ({ what, times, lengths }) => {
    await withPair({ times }, async (pair) => {
      const onlooker = await watchAnswers(pair.cluster.node("client"), VIP);
      for (const [run, length] of lengths.entries()) {
        const owner = pair.nodes.find(({ name }) => name === pair.owners()[0])!; // one of them has it
        pair.signal(owner, what);
        await elapse(length);
        if (what === "SIGSTOP") pair.signal(owner, "SIGCONT");
        else await pair.start(owner, `life-${run}`);
        await until("both nodes to be well again", () => pair.isWell(), { limitMs: 45_000, everyMs: 50 });
      }
      const saw = await onlooker.stop();
      expect(new Set(saw.answers.map(([, mac]) => mac)).size).toBe(2); // the VIP did move
      expect(answeredTwice(saw)).toEqual([]);
    });
  },
  400_000,
);

test("somebody flushes the whole ruleset: it is put back, told, and the next freeze is as safe", async () => {
  await withPair({ times: SHIPPED }, async (pair) => {
    const [owner] = pair.nodes;
    await owner.run(["nft", "flush", "ruleset"]);
    await until("the rules to be back", async () =>
      (await owner.run(["nft", "list", "ruleset"])).stdout.includes("systole_lease"),
    );
    expect(owner.log("heartbeat")).toContain("somebody removed the rules of the VIP lease");
    await elapse(400);
    const onlooker = await watchAnswers(pair.cluster.node("client"), VIP);
    pair.signal(owner, "SIGSTOP");
    await until("the other node to take over", () => pair.owners().includes("director2"));
    await elapse(200);
    expect(answeredTwice(await onlooker.stop())).toEqual([]);
    pair.signal(owner, "SIGCONT");
  });
});

test("a heartbeat that stops cleanly leaves no rule behind", async () => {
  await withPair({ times: SHIPPED }, async (pair) => {
    const [owner] = pair.nodes;
    pair.signal(owner, "SIGTERM");
    await pair.ownedBy("director2");
    await until(
      "its rules to be gone",
      async () => (await owner.run(["nft", "list", "ruleset"])).stdout === "",
    );
    const client = await probeFrom(pair.cluster.node("client"), VIP);
    await elapse(200);
    expect((await client.stop()).answered.length).toBeGreaterThan(50);
  });
});
