/** Tables and wishes at random, for properties of the plan: on the kernel in memory and on the real one. */
import type { BalancerChange, RealServer, VirtualService, VirtualServiceId } from "@systole/kernel";
import { type Family, formatEndpoint, parseIp } from "@systole/wire";
import fc from "fast-check";
import type { RealWish, ServiceWish } from "../src/core/plan.js";

const FOREIGN_PORT = 9999;
const FOREIGN_MARK = 99;

const idOf = (kind: "address" | "fwmark", family: Family, port: number): VirtualServiceId =>
  kind === "fwmark"
    ? { kind, fwmark: port, family }
    : { kind, protocol: "tcp", address: parseIp(family === "inet" ? "192.0.2.10" : "2001:db8::10")!, port };

/** One persistence for a whole network and one for each client; flags that each of these schedulers takes. */
const service = (id: VirtualServiceId, family: Family): fc.Arbitrary<VirtualService> =>
  fc
    .record({
      kind: fc.constantFrom(...(["rr", "wrr", "wlc", "sh", "mh"] as const)),
      flags: fc.constantFrom(0, 1, 2, 3),
      seconds: fc.option(fc.constantFrom(60, 600), { nil: undefined }),
      network: fc.boolean(),
    })
    .map(({ kind, flags, seconds, network }) => ({
      id,
      scheduler: kind,
      schedulerFlags: kind === "sh" || kind === "mh" ? flags : 0,
      persistence:
        seconds === undefined
          ? undefined
          : {
              timeoutSeconds: seconds,
              prefixLength: family === "inet" ? (network ? 24 : 32) : network ? 64 : 128,
            },
      persistenceEngine: undefined,
      onePacket: false,
    }));

const real = (id: VirtualServiceId, family: Family): fc.Arbitrary<RealServer> =>
  fc.record({
    endpoint: fc.record({
      address: fc
        .constantFrom(1, 2, 3)
        .map((host) => parseIp(family === "inet" ? `10.0.0.${host}` : `fd00::${host}`)!),
      // The kernel gives gate and ipip the port of the service: ours writes that port at once.
      port: fc.constant(id.kind === "fwmark" ? 0 : id.port),
    }),
    forwarding: fc.constantFrom(...(["gate", "masq", "ipip"] as const)),
    weight: fc.integer({ min: 0, max: 3 }),
    upperThreshold: fc.constantFrom(0, 10),
    lowerThreshold: fc.constant(0),
  });

const endpointKey = (each: RealWish): string =>
  formatEndpoint(each.kind === "present" ? each.real.endpoint : each.endpoint);

export interface Entry {
  readonly virtual: VirtualService;
  readonly reals: readonly RealServer[];
}

const entry = (id: VirtualServiceId, family: Family): fc.Arbitrary<Entry> =>
  fc.record({
    virtual: service(id, family),
    reals: fc.uniqueArray(real(id, family), {
      maxLength: 3,
      selector: ({ endpoint }) => formatEndpoint(endpoint),
    }),
  });

const wishFor = (id: VirtualServiceId, family: Family): fc.Arbitrary<ServiceWish> => {
  const one: fc.Arbitrary<RealWish> = fc.oneof(
    real(id, family).map(
      (each): RealWish => ({ kind: "present", real: each, thresholds: true, ifMissing: "add" }),
    ),
    real(id, family).map(({ endpoint }): RealWish => ({ kind: "absent", endpoint })),
  );
  const reals = fc.uniqueArray(one, { maxLength: 3, selector: endpointKey });
  return fc.record({ virtual: service(id, family), reals });
};

/** What is wished of one service, and a table that may hold it, another one of ours, and one of somebody else. */
export interface Situation {
  readonly wish: ServiceWish;
  readonly table: readonly Entry[];
  readonly foreign: Entry | undefined;
}

export const situation: fc.Arbitrary<Situation> = fc
  .record({
    kind: fc.constantFrom(...(["address", "fwmark"] as const)),
    family: fc.constantFrom(...(["inet", "inet6"] as const)),
    port: fc.constantFrom(80, 81),
  })
  .chain(({ kind, family, port }) => {
    const maybe = (id: VirtualServiceId) => fc.option(entry(id, family), { nil: undefined });
    return fc.record({
      wish: wishFor(idOf(kind, family, port), family),
      table: fc
        .tuple(maybe(idOf(kind, family, 80)), maybe(idOf(kind, family, 81)))
        .map((entries) => entries.filter((each) => each !== undefined)),
      foreign: maybe(idOf(kind, family, kind === "fwmark" ? FOREIGN_MARK : FOREIGN_PORT)),
    });
  });

/** What sets up a table like this. */
export const changesFor = (entries: readonly Entry[]): readonly BalancerChange[] =>
  entries.flatMap(({ virtual, reals }): BalancerChange[] => [
    { type: "add-service", service: virtual },
    ...reals.map((each): BalancerChange => ({ type: "add-real", id: virtual.id, real: each })),
  ]);

/** Real servers as lines, to compare what was wished with what is there. */
export const realLines = (reals: readonly RealServer[]): readonly string[] =>
  reals
    .map(({ endpoint, forwarding, weight, upperThreshold, lowerThreshold }) =>
      [formatEndpoint(endpoint), forwarding, weight, upperThreshold, lowerThreshold].join(" "),
    )
    .toSorted();
