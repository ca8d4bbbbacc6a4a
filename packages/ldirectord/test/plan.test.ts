/** wanted minus actual: applied once it gives what was wished, applied twice it does nothing, and nothing foreign is touched. */
import type { RealServer, VirtualService } from "@systole/kernel";
import { fakeKernel } from "@systole/kernel/fake";
import { parseIp } from "@systole/wire";
import fc from "fast-check";
import { expect, test } from "vitest";
import { entriesOf, planRemoval, planService, serviceId } from "../src/core/plan.js";
import { callText, tableText } from "./ipvsadm.js";
import { changesFor, realLines, type Situation, situation } from "./tables.js";

function kernelWith({ table, foreign }: Situation) {
  const { balancer } = fakeKernel();
  const changes = changesFor([...table, ...(foreign === undefined ? [] : [foreign])]);
  expect(balancer.applyNow(changes).filter(({ error }) => error)).toEqual([]);
  return balancer;
}

test("a plan is accepted, gives exactly what was wished, and planned again it is empty", () => {
  fc.assert(
    fc.property(situation, (start) => {
      const { wish } = start;
      const balancer = kernelWith(start);
      const plan = planService(wish, entriesOf(balancer.readNow()));
      expect(balancer.applyNow(plan).filter(({ error }) => error)).toEqual([]);
      const after = entriesOf(balancer.readNow());
      const { service: found, reals } = after.get(serviceId(wish.virtual.id))!;
      expect(found).toEqual(wish.virtual);
      const present = wish.reals.flatMap((each) => (each.kind === "present" ? [each.real] : []));
      expect(realLines(reals)).toEqual(realLines(present));
      expect(planService(wish, after)).toEqual([]);
    }),
    { numRuns: 500 },
  );
});

test("a plan names no service but its own, so that nothing of somebody else's is touched", () => {
  fc.assert(
    fc.property(situation, (start) => {
      const { virtual } = start.wish;
      const entries = entriesOf(kernelWith(start).readNow());
      const plans = [...planService(start.wish, entries), ...planRemoval(virtual.id, [], entries)];
      const named = plans.map((change) => serviceId("service" in change ? change.service.id : change.id));
      expect(named.every((key) => key === serviceId(virtual.id))).toBe(true);
    }),
  );
});

test("a removal takes out the serving real servers one by one, then the service, and twice nothing", () => {
  const kernel = fakeKernel();
  const id = { kind: "address", protocol: "tcp", address: parseIp("192.0.2.10")!, port: 80 } as const;
  const virtual: VirtualService = {
    id,
    scheduler: "wrr",
    schedulerFlags: 0,
    persistence: undefined,
    persistenceEngine: undefined,
    onePacket: false,
  };
  const place = (address: string) => ({ address: parseIp(address)!, port: 80 });
  const one = (address: string): RealServer => ({
    endpoint: place(address),
    forwarding: "gate",
    weight: 1,
    upperThreshold: 0,
    lowerThreshold: 0,
  });
  kernel.balancer.applyNow([
    { type: "add-service", service: virtual },
    ...["10.0.0.1", "10.0.0.2"].map((address) => ({ type: "add-real", id, real: one(address) }) as const),
  ]);
  const plan = planRemoval(id, [place("10.0.0.1"), place("10.0.0.9")], entriesOf(kernel.balancer.readNow()));
  expect(plan.map(callText)).toEqual(["-d -t 192.0.2.10:80 -r 10.0.0.1:80", "-D -t 192.0.2.10:80"]);
  kernel.balancer.applyNow(plan);
  expect(tableText(kernel.balancer.readNow())).toEqual([]);
  expect(planRemoval(id, [], entriesOf(kernel.balancer.readNow()))).toEqual([]);
});
