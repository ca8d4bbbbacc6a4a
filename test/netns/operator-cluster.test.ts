/** `systole status` on a pair: nodes, links and the VIP, before and after one of them loses power. */
import { expect, test } from "vitest";
import type { LabNode } from "../lab/node.js";
import { until } from "../lab/until.js";
import { VIP, withPair } from "./heartbeat-pair.js";

const SYSTOLE = new URL("../../packages/systole/dist/bin/systole.js", import.meta.url).pathname;

const status = (node: LabNode, ...words: readonly string[]) =>
  node.run([process.execPath, SYSTOLE, "status", ...words], { check: false });

test("nodes and VIPs as each of the pair sees them, and what a dead node costs", async () => {
  await withPair({ media: "bcast hb1\nping 10.0.1.100\n" }, async (pair) => {
    const [first, second] = pair.nodes;
    await until("both to be well", () => pair.isWell(), { limitMs: 30_000, everyMs: 50 });
    await until("the ping node to answer", async () => (await status(first)).status === 0);
    const { stdout } = await status(first);
    expect(stdout).toMatch(/^heartbeat: director1, operational$/m);
    expect(stdout).toMatch(/^ +node +director1 +active +this node$/m);
    expect(stdout).toMatch(/^ +node +director2 +active +heard \d+ ms ago +\S+/m);
    expect(stdout).toMatch(/^ +ping +10\.0\.1\.100 +answers$/m);
    expect(stdout).toMatch(new RegExp(`^ +vip +${VIP} +director1 +lease [\\d.]+ s +prefers director1$`, "m"));
    expect(stdout).toMatch(/^ok$/m);
    expect((await status(second)).stdout).toMatch(
      new RegExp(`^ +vip +${VIP} +director1 +prefers director1$`, "m"),
    );

    await first.kill();
    await pair.ownedBy("director2");
    await until("director2 to say so", async () => (await status(second)).status === 1);
    const after = await status(second);
    expect(after.stdout).toMatch(/^ +node +director1 +DEAD/m);
    expect(after.stdout).toMatch(new RegExp(`^ +vip +${VIP} +director2 `, "m"));
    expect(after.stdout).toMatch(/^degraded, 1 dead nodes$/m);
    const json: unknown = JSON.parse((await status(second, "--json")).stdout);
    expect(json).toMatchObject({
      schemaVersion: 1,
      health: "degraded",
      cluster: { kind: "status", status: { node: "director2", vips: [{ address: VIP }] } },
    });
  });
}, 120_000);
