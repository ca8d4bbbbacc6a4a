import { ipFromBytes } from "@systole/wire";
import fc from "fast-check";
import { expect, test } from "vitest";
import type { RealServer, VirtualService, VirtualServiceId } from "../src/balancer.js";
import { readDefinition, writeDefinition } from "../src/nftables/definition.js";
import { type Layout, layOut, tableOf } from "../src/nftables/layout.js";
import { applyChange, type ServiceTable } from "../src/service-table.js";
import { real, service, setUp, tcp } from "./words.js";

function placed(...changes: Parameters<typeof applyChange>[1][]): Layout {
  const table: ServiceTable = new Map();
  for (const change of changes) expect(applyChange(table, change)).toBeUndefined();
  return layOut(table, []);
}

test("the lines of a small table, letter for letter", () => {
  const web = service(tcp("192.0.2.10:80"), { persistence: { timeoutSeconds: 300, prefixLength: 24 } });
  expect(writeDefinition(placed(...setUp(web, real("10.0.0.11:8080", 3))))).toEqual([
    "service tcp 192.0.2.10:80 wrr f=0 p=300/24 c=81ac8b3a",
    "real 10.0.0.11:8080 masq w=3 u=0 l=0 m=53d62e03",
  ]);
});

test("a line that somebody else wrote is skipped, and so are real servers without their service", () => {
  const lines = writeDefinition(placed(...setUp(service(tcp("192.0.2.10:80")), real("10.0.0.11:80", 1))));
  expect(
    readDefinition(["hello", "real 10.0.0.9:80 masq w=1 m=53000001", ...lines, "service sctp x y"]),
  ).toEqual(readDefinition(lines));
});

const ipv4 = fc.uint8Array({ minLength: 4, maxLength: 4 }).map((bytes) => ipFromBytes(bytes)!);
const ipv6 = fc.uint8Array({ minLength: 16, maxLength: 16 }).map((bytes) => ipFromBytes(bytes)!);
const port = fc.integer({ min: 0, max: 65535 });
const u32 = fc.integer({ min: 0, max: 0xffff_ffff });
const address = fc.oneof(ipv4, ipv6);

const id: fc.Arbitrary<VirtualServiceId> = fc.oneof(
  fc.record({
    kind: fc.constant("address" as const),
    protocol: fc.constantFrom("tcp" as const, "udp" as const, "sctp" as const),
    address,
    port,
  }),
  fc.record({
    kind: fc.constant("fwmark" as const),
    fwmark: u32,
    family: fc.constantFrom("inet" as const, "inet6" as const),
  }),
);
const virtualService: fc.Arbitrary<VirtualService> = fc.record({
  id,
  scheduler: fc.constantFrom("rr", "lblcr", "twos"),
  schedulerFlags: fc.integer({ min: 0, max: 7 }),
  persistence: fc.option(
    fc.record({
      timeoutSeconds: fc.integer({ min: 1, max: 31 * 86_400 }),
      prefixLength: fc.integer({ min: 1, max: 128 }),
    }),
    { nil: undefined },
  ),
  persistenceEngine: fc.constantFrom(undefined, "sip"),
  onePacket: fc.boolean(),
});
const realServer: fc.Arbitrary<RealServer> = fc
  .record({
    endpoint: fc.record({ address, port }),
    forwarding: fc.constantFrom("gate", "masq", "ipip", "local", "bypass" as const),
    weight: port,
    upperThreshold: u32,
    lowerThreshold: u32,
    tunnel: fc.option(
      fc.record({
        type: fc.constantFrom("ipip", "gue", "gre" as const),
        port,
        flags: fc.constantFrom(0, 1, 2),
      }),
      { nil: undefined },
    ),
  })
  .map(({ tunnel, ...rest }) => (tunnel === undefined ? rest : { ...rest, tunnel }));
const table: fc.Arbitrary<ServiceTable> = fc
  .array(fc.tuple(virtualService, fc.array(realServer, { maxLength: 4 })), { maxLength: 4 })
  .map((entries) =>
    tableOf(
      entries.map(([each, reals]) => ({
        service: each,
        number: 0,
        reals: reals.map((r) => ({ real: r, mark: 0 })),
      })),
    ),
  );

test("what is written is read back the same, and no line is longer than a comment may be", () => {
  fc.assert(
    fc.property(table, (given) => {
      const layout = layOut(given, []);
      const lines = writeDefinition(layout);
      expect(readDefinition(lines)).toEqual(layout);
      expect(tableOf(readDefinition(lines))).toEqual(given);
      for (const line of lines) expect(line.length).toBeLessThanOrEqual(127);
    }),
  );
});

test("any lines are read without an error", () => {
  fc.assert(fc.property(fc.array(fc.string()), (lines) => void readDefinition(lines)));
});

test("names are unique, and stay when others come and go", () => {
  fc.assert(
    fc.property(table, table, (first, second) => {
      const before = layOut(first, []);
      const after = layOut(new Map([...first, ...second]), before);
      const marks = after.flatMap(({ reals }) => reals.map(({ mark }) => mark));
      expect(new Set(marks).size).toBe(marks.length);
      expect(new Set(after.map(({ number }) => number)).size).toBe(after.length);
      const again = layOut(first, after);
      for (const [index, { number, reals }] of again.entries()) {
        expect(number).toBe(before[index]!.number);
        expect(reals.map(({ mark }) => mark)).toEqual(before[index]!.reals.map(({ mark }) => mark));
      }
    }),
  );
});
