/** The plan of ldirectord on a real ip_vs, over random tables. In memory: packages/ldirectord/test/plan.test.ts. */
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { type Kernel, openKernel } from "@systole/kernel";
import { entriesOf, planRemoval, planService, serviceId } from "@systole/ldirectord/core/plan";
import { inNamespace } from "@systole/sys";
import fc from "fast-check";
import { changesFor, type Entry, realLines, situation } from "../../packages/ldirectord/test/tables.js";
import { type Cluster, makeCluster } from "../lab/cluster.js";
import { ultraMonkey } from "../lab/topology.js";

let cluster: Cluster;
let kernel: Kernel;

before(async () => {
  cluster = await makeCluster({ topology: ultraMonkey({ directors: 1, reals: 0, heartbeats: 0 }) });
  const { pid } = cluster.node("director1");
  kernel = await openKernel({
    dataPlane: "ip_vs",
    within: (make) => inNamespace(`/proc/${pid}/ns/net`, make),
  });
});
after(async () => {
  await kernel.close();
  await cluster.close();
});

const entries = async () => entriesOf(await kernel.balancer.read());
type Changes = Parameters<Kernel["balancer"]["apply"]>[0];

async function apply(changes: Changes): Promise<void> {
  for (const { error } of await kernel.balancer.apply(changes)) assert.ifError(error ?? null);
}

/** As the kernel has it: the service, and its real servers as lines. */
async function found({ id }: Entry["virtual"]) {
  const entry = (await entries()).get(serviceId(id));
  return entry && { service: entry.service, reals: realLines(entry.reals) };
}

test("a plan gives what was wished, twice nothing, and touches nobody else's service", async () => {
  await fc.assert(
    fc.asyncProperty(situation, async ({ wish, table, foreign }) => {
      const others = foreign === undefined ? [] : [foreign];
      await apply(changesFor([...table, ...others]));
      const before = foreign && (await found(foreign.virtual));

      await apply(planService(wish, await entries()));
      const present = wish.reals.flatMap((each) => (each.kind === "present" ? [each.real] : []));
      assert.deepEqual(await found(wish.virtual), { service: wish.virtual, reals: realLines(present) });
      assert.deepEqual(planService(wish, await entries()), []);
      if (foreign !== undefined) assert.deepEqual(await found(foreign.virtual), before);

      await apply(planRemoval(wish.virtual.id, [], await entries()));
      assert.equal(await found(wish.virtual), undefined);
      for (const { virtual } of [...table, ...others])
        await apply(planRemoval(virtual.id, [], await entries()));
      assert.deepEqual(await kernel.balancer.read(), []);
    }),
    { numRuns: 60, endOnFailure: true },
  );
});
