/** wanted minus actual: applied once it gives what was wished, applied twice it does nothing, and nothing foreign is touched. */
import type { BalancerChange, RealServer, VirtualService } from "@systole/kernel";
import { fakeKernel } from "@systole/kernel/fake";
import { formatEndpoint, parseIp } from "@systole/wire";
import fc from "fast-check";
import { expect, test } from "vitest";
import {
  entriesOf,
  planRemoval,
  planService,
  type RealWish,
  type ServiceWish,
  serviceId,
} from "../src/core/plan.js";
import { callText, tableText } from "./ipvsadm.js";

const ours = fc.constantFrom(80, 81);
const endpoint = fc.record({
  address: fc.constantFrom("10.0.0.1", "10.0.0.2", "10.0.0.3").map((text) => parseIp(text)!),
  port: fc.constant(80),
});
const service = (port: number): fc.Arbitrary<VirtualService> =>
  fc.record({
    id: fc.constant({
      kind: "address" as const,
      protocol: "tcp" as const,
      address: parseIp("192.0.2.10")!,
      port,
    }),
    scheduler: fc.constantFrom("rr", "wlc"),
    schedulerFlags: fc.constantFrom(0, 2),
    persistence: fc.option(fc.constant({ timeoutSeconds: 60, prefixLength: 32 }), { nil: undefined }),
    persistenceEngine: fc.constant(undefined),
    onePacket: fc.constant(false),
  });
const real: fc.Arbitrary<RealServer> = fc.record({
  endpoint,
  forwarding: fc.constantFrom("gate", "masq"),
  weight: fc.integer({ min: 0, max: 3 }),
  upperThreshold: fc.constantFrom(0, 10),
  lowerThreshold: fc.constantFrom(0, 5),
});
const validReal = real.filter(({ upperThreshold, lowerThreshold }) => lowerThreshold <= upperThreshold);
const wish: fc.Arbitrary<RealWish> = fc.oneof(
  validReal.map((each): RealWish => ({ kind: "present", real: each, thresholds: true, ifMissing: "add" })),
  endpoint.map((each): RealWish => ({ kind: "absent", endpoint: each })),
);
const wishes = fc.uniqueArray(wish, {
  maxLength: 3,
  selector: (each) => formatEndpoint(each.kind === "present" ? each.real.endpoint : each.endpoint),
});
const serviceWish: fc.Arbitrary<ServiceWish> = ours.chain((port) =>
  fc.record({ virtual: service(port), reals: wishes }),
);
const entry = (port: number) =>
  fc.record({
    virtual: service(port),
    reals: fc.uniqueArray(validReal, { maxLength: 3, selector: (each) => formatEndpoint(each.endpoint) }),
  });
const actual = fc.record({
  first: fc.option(entry(80)),
  second: fc.option(entry(81)),
  foreign: fc.option(entry(9999)),
});

function kernelWith(entries: typeof actual extends fc.Arbitrary<infer Entries> ? Entries : never) {
  const kernel = fakeKernel();
  const changes = [entries.first, entries.second, entries.foreign].flatMap((each): BalancerChange[] =>
    each === null
      ? []
      : [
          { type: "add-service", service: each.virtual },
          ...each.reals.map((one): BalancerChange => ({ type: "add-real", id: each.virtual.id, real: one })),
        ],
  );
  expect(kernel.balancer.applyNow(changes).filter(({ error }) => error)).toEqual([]);
  return kernel.balancer;
}

test("a plan is accepted, gives exactly what was wished, and planned again it is empty", () => {
  fc.assert(
    fc.property(serviceWish, actual, (wanted, start) => {
      const balancer = kernelWith(start);
      const plan = planService(wanted, entriesOf(balancer.readNow()));
      expect(balancer.applyNow(plan).filter(({ error }) => error)).toEqual([]);
      const after = entriesOf(balancer.readNow());
      const { service: found, reals } = after.get(serviceId(wanted.virtual.id))!;
      expect(found).toEqual(wanted.virtual);
      const present = wanted.reals.flatMap((each) => (each.kind === "present" ? [each.real] : []));
      const byKey = (list: readonly RealServer[]) =>
        list
          .map(({ endpoint: place, forwarding, weight, upperThreshold, lowerThreshold }) =>
            [formatEndpoint(place), forwarding, weight, upperThreshold, lowerThreshold].join(" "),
          )
          .toSorted();
      expect(byKey(reals)).toEqual(byKey(present));
      expect(planService(wanted, after)).toEqual([]);
    }),
    { numRuns: 500 },
  );
});

test("a plan names no service but its own, so that nothing of somebody else's is touched", () => {
  fc.assert(
    fc.property(serviceWish, actual, (wanted, start) => {
      const entries = entriesOf(kernelWith(start).readNow());
      const own = serviceId(wanted.virtual.id);
      const plans = [...planService(wanted, entries), ...planRemoval(wanted.virtual.id, [], entries)];
      const named = plans.map((change) => serviceId("service" in change ? change.service.id : change.id));
      expect(named.every((key) => key === own)).toBe(true);
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
