import assert from "node:assert/strict";
import { type Endpoint, formatEndpoint, parseEndpoint } from "@systole/wire";
import {
  type BalancerChange,
  type RealServer,
  serviceKey,
  type VirtualService,
  type VirtualServiceId,
} from "../balancer.js";
import { errorCode } from "../kernel-error.js";
import type { ContractCase, Place } from "./case.js";

const at = (text: string): Endpoint => parseEndpoint(text)!; // written out below, all valid

const tcp = (text: string): VirtualServiceId => ({ kind: "address", protocol: "tcp", ...at(text) });
const udp = (text: string): VirtualServiceId => ({ kind: "address", protocol: "udp", ...at(text) });

const service = (id: VirtualServiceId, more: Partial<VirtualService> = {}): VirtualService => ({
  id,
  scheduler: "wrr",
  schedulerFlags: 0,
  persistence: undefined,
  persistenceEngine: undefined,
  onePacket: false,
  ...more,
});

const real = (endpoint: string, weight: number, more: Partial<RealServer> = {}): RealServer => ({
  endpoint: at(endpoint),
  forwarding: "masq",
  weight,
  upperThreshold: 0,
  lowerThreshold: 0,
  ...more,
});

/** Applies changes, answers their errno names. */
async function codes(
  { kernel }: Place,
  changes: readonly BalancerChange[],
): Promise<readonly (string | undefined)[]> {
  const results = await kernel.balancer.apply(changes);
  assert.deepEqual(
    results.map(({ change }) => change),
    changes,
  );
  return results.map(({ error }) => (error === undefined ? undefined : (errorCode(error) ?? String(error))));
}

async function applied(place: Place, changes: readonly BalancerChange[]): Promise<void> {
  const results = await place.kernel.balancer.apply(changes);
  for (const { error } of results) assert.ifError(error ?? null);
}

/** The service and its real servers as the kernel tells them, without counters, in the order of their endpoints. */
async function readBack({ kernel }: Place, id: VirtualServiceId) {
  const entry = (await kernel.balancer.read()).find((each) => serviceKey(each.service.id) === serviceKey(id));
  if (entry === undefined) return undefined;
  const reals = entry.reals.map(({ counters: _, ...definition }): RealServer => definition);
  return { service: entry.service, reals: inOrder(reals) };
}

const inOrder = (reals: readonly RealServer[]): readonly RealServer[] =>
  [...reals].sort((a, b) => formatEndpoint(a.endpoint).localeCompare(formatEndpoint(b.endpoint)));

/** A service with its real servers is set, read back equal, and removed. */
function roundTrip(name: string, wanted: VirtualService, reals: readonly RealServer[]): ContractCase {
  return balancerCase(name, async (place) => {
    await applied(place, [
      { type: "add-service", service: wanted },
      ...reals.map((each) => ({ type: "add-real", id: wanted.id, real: each }) as const),
    ]);
    assert.deepEqual(await readBack(place, wanted.id), { service: wanted, reals: inOrder(reals) });
    await applied(place, [{ type: "remove-service", id: wanted.id }]);
    assert.equal(await readBack(place, wanted.id), undefined);
  });
}

function balancerCase(name: string, run: (place: Place) => Promise<void>): ContractCase {
  return { part: "balancer", name, run };
}

const web = tcp("192.0.2.10:80");
const two = [real("10.0.0.11:80", 1), real("10.0.0.12:80", 2)];
const addWeb: readonly BalancerChange[] = [
  { type: "add-service", service: service(web) },
  ...two.map((each) => ({ type: "add-real", id: web, real: each }) as const),
];
const removeWeb: BalancerChange = { type: "remove-service", id: web };

const shapes: readonly ContractCase[] = [
  roundTrip("tcp, wrr, masq, different ports and weights", service(web), [
    real("10.0.0.11:8080", 3),
    real("10.0.0.12:80", 65535),
    real("10.0.0.13:80", 0),
  ]),
  roundTrip("udp, rr", service(udp("192.0.2.10:53"), { scheduler: "rr" }), [real("10.0.0.11:53", 1)]),
  roundTrip("IPv6", service(tcp("[2001:db8::10]:80"), { scheduler: "rr" }), [real("[2001:db8:1::11]:80", 1)]),
  roundTrip("sh with its two flags", service(web, { scheduler: "sh", schedulerFlags: 3 }), two),
  roundTrip("mh", service(web, { scheduler: "mh" }), two),
  roundTrip(
    "persistence with a netmask, all ports",
    service(tcp("192.0.2.10:0"), { persistence: { timeoutSeconds: 300, prefixLength: 24 } }),
    [real("10.0.0.11:0", 1)],
  ),
  roundTrip(
    "persistence of single IPv6 clients",
    service(tcp("[2001:db8::10]:443"), { persistence: { timeoutSeconds: 60, prefixLength: 128 } }),
    [real("[2001:db8:1::11]:443", 1)],
  ),
  roundTrip(
    "persistence of IPv6 networks",
    service(tcp("[2001:db8::10]:443"), { persistence: { timeoutSeconds: 60, prefixLength: 64 } }),
    [real("[2001:db8:1::11]:443", 1)],
  ),
  roundTrip("a firewall mark", service({ kind: "fwmark", fwmark: 5, family: "inet" }), [
    real("10.0.0.11:80", 1),
  ]),
  roundTrip("a firewall mark of IPv6", service({ kind: "fwmark", fwmark: 5, family: "inet6" }), [
    real("[2001:db8:1::11]:80", 1),
  ]),
  roundTrip("thresholds", service(web), [
    real("10.0.0.11:80", 1, { upperThreshold: 100, lowerThreshold: 80 }),
  ]),
  roundTrip("one-packet", service(udp("192.0.2.10:53"), { onePacket: true }), [real("10.0.0.11:53", 1)]),
  roundTrip("a fallback on this host", service(web), [real("127.0.0.1:80", 1, { forwarding: "local" })]),
  roundTrip("a service without real servers", service(web, { scheduler: "wlc" }), []),
];

const changes: readonly ContractCase[] = [
  balancerCase("a weight is changed, and changed back from 0; the others stay", async (place) => {
    await applied(place, addWeb);
    for (const weight of [0, 7]) {
      await applied(place, [{ type: "change-real", id: web, real: real("10.0.0.11:80", weight) }]);
      assert.deepEqual((await readBack(place, web))?.reals, [real("10.0.0.11:80", weight), two[1]]);
    }
    await applied(place, [removeWeb]);
  }),
  balancerCase("a service is changed and keeps its real servers", async (place) => {
    await applied(place, addWeb);
    const changed = service(web, {
      scheduler: "rr",
      persistence: { timeoutSeconds: 30, prefixLength: 32 },
    });
    await applied(place, [{ type: "change-service", service: changed }]);
    assert.deepEqual(await readBack(place, web), { service: changed, reals: two });
    await applied(place, [{ type: "change-service", service: service(web) }]);
    assert.deepEqual(await readBack(place, web), { service: service(web), reals: two });
    await applied(place, [removeWeb]);
  }),
  balancerCase("a real server is removed and added again; the other stays", async (place) => {
    await applied(place, addWeb);
    await applied(place, [{ type: "remove-real", id: web, real: at("10.0.0.11:80") }]);
    assert.deepEqual((await readBack(place, web))?.reals, [two[1]]);
    await applied(place, [{ type: "add-real", id: web, real: two[0]! }]);
    assert.deepEqual((await readBack(place, web))?.reals, two);
    await applied(place, [removeWeb]);
  }),
  balancerCase("two services do not disturb each other", async (place) => {
    const other = tcp("192.0.2.10:81");
    await applied(place, [...addWeb, { type: "add-service", service: service(other) }]);
    await applied(place, [removeWeb]);
    assert.deepEqual(await readBack(place, other), { service: service(other), reals: [] });
    await applied(place, [{ type: "remove-service", id: other }]);
  }),
  balancerCase("calls that overlap happen in their order", async (place) => {
    const done = [place.kernel.balancer.apply(addWeb), place.kernel.balancer.apply([removeWeb])];
    for (const results of await Promise.all(done))
      for (const { error } of results) assert.ifError(error ?? null);
    assert.equal(await readBack(place, web), undefined);
  }),
  balancerCase("what nobody has used has counted nothing", async (place) => {
    await applied(place, addWeb);
    const entry = (await place.kernel.balancer.read()).find(
      (each) => serviceKey(each.service.id) === serviceKey(web),
    );
    for (const { counters } of entry!.reals) {
      assert.equal(counters.connections, 0n);
      assert.equal(counters.activeConnections, 0);
    }
    await applied(place, [removeWeb]);
  }),
];

const refusals: readonly ContractCase[] = [
  balancerCase("what is there is EEXIST", async (place) => {
    await applied(place, addWeb);
    assert.deepEqual(
      await codes(place, [
        { type: "add-service", service: service(web) },
        { type: "add-real", id: web, real: two[0]! },
      ]),
      ["EEXIST", "EEXIST"],
    );
    await applied(place, [removeWeb]);
  }),
  balancerCase("a service that is not there is ESRCH", async (place) => {
    assert.deepEqual(
      await codes(place, [
        { type: "change-service", service: service(web) },
        removeWeb,
        { type: "add-real", id: web, real: two[0]! },
        { type: "change-real", id: web, real: two[0]! },
        { type: "remove-real", id: web, real: two[0]!.endpoint },
      ]),
      ["ESRCH", "ESRCH", "ESRCH", "ESRCH", "ESRCH"],
    );
  }),
  balancerCase("a real server that is not there, and an unknown scheduler, are ENOENT", async (place) => {
    await applied(place, addWeb);
    assert.deepEqual(
      await codes(place, [
        { type: "change-real", id: web, real: real("10.0.0.99:80", 1) },
        { type: "remove-real", id: web, real: at("10.0.0.99:80") },
        { type: "add-service", service: service(udp("192.0.2.10:80"), { scheduler: "fastest" }) },
      ]),
      ["ENOENT", "ENOENT", "ENOENT"],
    );
    await applied(place, [removeWeb]);
  }),
  balancerCase(
    "a lower threshold above the upper one is ERANGE, masq between families EINVAL",
    async (place) => {
      await applied(place, addWeb);
      assert.deepEqual(
        await codes(place, [
          {
            type: "add-real",
            id: web,
            real: real("10.0.0.13:80", 1, { upperThreshold: 1, lowerThreshold: 2 }),
          },
          { type: "add-real", id: web, real: real("[2001:db8:1::11]:80", 1) },
        ]),
        ["ERANGE", "EINVAL"],
      );
      await applied(place, [removeWeb]);
    },
  ),
  balancerCase("one change that is refused does not keep the others from being made", async (place) => {
    const outcome = await codes(place, [
      ...addWeb,
      { type: "add-service", service: service(web) },
      { type: "change-real", id: web, real: real("10.0.0.11:80", 9) },
    ]);
    assert.deepEqual(outcome, [undefined, undefined, undefined, "EEXIST", undefined]);
    assert.equal((await readBack(place, web))?.reals[0]?.weight, 9);
    await applied(place, [removeWeb]);
  }),
];

export const balancerCases: readonly ContractCase[] = [...shapes, ...changes, ...refusals];
