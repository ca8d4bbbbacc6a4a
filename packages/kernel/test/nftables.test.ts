/** The nftables data plane on a played nft: contract, rule text, transactions, adoption. */
import fc from "fast-check";
import { expect, test } from "vitest";
import { type BalancerChange, type BalancerTable, serviceKey } from "../src/balancer.js";
import { contractCases } from "../src/contract.js";
import { fakeKernel } from "../src/fake.js";
import type { Route } from "../src/nftables/way.js";
import { nftablesBalancer } from "../src/nftables.js";
import { type FakeNft, fakeNft } from "./fake-nft.js";
import { real, service, setUp, tcp } from "./words.js";

/** Real servers in 10.0.0.0/24 and fd00::/64 are on the link, 10.9.0.0/16 is behind a gateway, 192.0.2.1 is this host. */
async function route(address: string): Promise<Route> {
  if (address === "192.0.2.1") return { kind: "local" };
  return address.startsWith("10.9.") ? { kind: "gateway" } : { kind: "link", device: "lan" };
}

function balancerOn({ nft }: FakeNft) {
  return nftablesBalancer({
    nft,
    route,
    devices: async () => ["pub", "lan"],
    flows: async () => [],
    counters: async () => [],
  });
}

test.each(contractCases.filter(({ part }) => part === "balancer"))("nftables: $name", async ({ run }) => {
  const kernel = { ...fakeKernel(), balancer: balancerOn(fakeNft()) };
  await run({ kernel, device: "eth0", elapse: async () => undefined });
});

const web = tcp("192.0.2.10:80");

/** The rules of every chain of `table` that belongs to a service, its names shortened to their first letter. */
async function rulesOf(
  changes: readonly BalancerChange[],
  table = "inet systole",
): Promise<readonly string[]> {
  const fake = fakeNft();
  for (const { error } of await balancerOn(fake).apply(changes)) expect(error).toBeUndefined();
  const added = fake.scripts.at(-1)!.filter((line) => new RegExp(`^add rule ${table} [srn]_`).test(line));
  return added.map((line) =>
    line.replace(`add rule ${table} `, "").replaceAll(/\b([srnpf])_[0-9a-f]{8}/g, "$1"),
  );
}

test("wrr, masq: counted and translated; port unreachable when nobody serves", async () => {
  const reals = [real("10.0.0.11:8080", 2), real("10.0.0.12:80", 1), real("10.0.0.13:80", 0)];
  expect(await rulesOf(setUp(service(web), ...reals))).toEqual([
    'r counter name "r"',
    "r meta l4proto tcp dnat ip to 10.0.0.11:8080",
    'r counter name "r"',
    "r meta l4proto tcp dnat ip to 10.0.0.12:80",
    'r counter name "r"',
    "r meta l4proto tcp dnat ip to 10.0.0.13:80",
    "s numgen inc mod 3 vmap { 0 : goto r, 1 : goto r, 2 : goto r }",
    "s reject with icmpx type port-unreachable",
  ]);
  expect(await rulesOf(setUp(service(web), real("10.0.0.11:80", 0)))).toEqual([
    'r counter name "r"',
    "r meta l4proto tcp dnat ip to 10.0.0.11:80",
    "s reject with icmpx type port-unreachable",
  ]);
});

test.each([
  { name: "rr looks at no weight", scheduler: "rr", flags: 0, rule: "numgen inc mod 2 vmap" },
  { name: "wlc is wrr", scheduler: "wlc", flags: 0, rule: "numgen inc mod 4 vmap" },
  { name: "sh hashes the client's address", scheduler: "sh", flags: 0, rule: "jhash ip saddr mod 4 seed" },
  { name: "sh-port its port, too", scheduler: "sh", flags: 2, rule: "jhash ip saddr . th sport mod 4 seed" },
  { name: "dh hashes the VIP", scheduler: "dh", flags: 0, rule: "jhash ip daddr mod 4 seed" },
  { name: "mh uses a Maglev table", scheduler: "mh", flags: 0, rule: "jhash ip saddr mod 4093 seed" },
])("$name", async ({ scheduler, flags, rule }) => {
  const wanted = service(web, { scheduler, schedulerFlags: flags });
  const rules = await rulesOf(setUp(wanted, real("10.0.0.11:80", 3), real("10.0.0.12:80", 1)));
  expect(rules.find((line) => line.includes(" mod "))).toContain(`s ${rule}`);
});

test("persistence with a netmask: the client's network is remembered by mark", async () => {
  const wanted = service(web, { persistence: { timeoutSeconds: 300, prefixLength: 20 } });
  expect(await rulesOf(setUp(wanted, real("10.0.0.11:80", 1)))).toEqual([
    'r counter name "r"',
    "r ct mark set 0x53712fc0",
    "r update @p { ip saddr & 255.255.240.0 timeout 300s : ct mark }",
    "r meta l4proto tcp dnat ip to 10.0.0.11:80",
    "s ct mark set ip saddr & 255.255.240.0 map @p ct mark vmap { 0x53712fc0 : goto r }",
    "s goto r",
    "s reject with icmpx type port-unreachable",
  ]);
});

test("IPv6 with persistence of a /60", async () => {
  const wanted = service(tcp("[2001:db8::10]:80"), { persistence: { timeoutSeconds: 60, prefixLength: 60 } });
  const rules = await rulesOf(setUp(wanted, real("[fd00::11]:8080", 1)));
  expect(rules).toContain("r update @p { ip6 saddr & ffff:ffff:ffff:fff0:0:0:0:0 timeout 60s : ct mark }");
  expect(rules).toContain("r meta l4proto tcp dnat ip6 to [fd00::11]:8080");
});

test("gate: forwarded at ingress, each flow remembered", async () => {
  const gate = { forwarding: "gate" } as const;
  const changes = setUp(service(web), real("10.0.0.11:80", 1, gate), real("10.0.0.12:80", 0, gate));
  expect(await rulesOf(changes, "netdev systole_gate")).toEqual([
    'r counter name "r"',
    "r meta mark set 0x53712fc0",
    "r update @f { th sport . ip saddr timeout 900s : meta mark }",
    'r fwd ip to 10.0.0.11 device "lan"',
    'n counter name "n"',
    "n goto r",
    'r counter name "r"',
    "r meta mark set 0x53069dae",
    "r update @f { th sport . ip saddr timeout 900s : meta mark }",
    'r fwd ip to 10.0.0.12 device "lan"',
    'n counter name "n"',
    "n goto r",
    "s meta mark set th sport . ip saddr map @f",
    "s tcp flags & (fin | syn | rst | ack) == syn meta mark { 0x53069dae } meta mark set 0",
    "s meta mark vmap { 0x53712fc0 : goto r, 0x53069dae : goto r }",
    "s goto n",
  ]);
});

test("a fallback on this host is accepted, by whichever address", async () => {
  for (const fallback of ["127.0.0.1:80", "192.0.2.1:80"])
    expect(await rulesOf(setUp(service(web), real(fallback, 1, { forwarding: "gate" })))).toEqual([
      'r counter name "r"',
      "r accept",
      "s goto r",
      "s reject with icmpx type port-unreachable",
    ]);
});

test("gate behind a gateway is refused with words", async () => {
  const fake = fakeNft();
  const far = real("10.9.0.1:80", 1, { forwarding: "gate" });
  const results = await balancerOn(fake).apply(setUp(service(web), far));
  expect(results.map(({ error }) => error?.message)).toEqual([
    undefined,
    "add real server 10.9.0.1:80 to tcp 192.0.2.10:80: gate needs the real server on a network of this host (EHOSTUNREACH)",
  ]);
  expect((await balancerOn(fake).read())[0]?.reals).toEqual([]);
});

test("a change of weight touches its own service only", async () => {
  const fake = fakeNft();
  const balancer = balancerOn(fake);
  await balancer.apply(setUp(service(web), real("10.0.0.11:80", 1)));
  await balancer.apply(setUp(service(tcp("192.0.2.10:81")), real("10.0.0.12:81", 1)));
  await balancer.apply([{ type: "change-real", id: web, real: real("10.0.0.11:80", 0) }]);
  const touched = fake.scripts.at(-1)!.filter((line) => /^flush chain inet systole [sr]_/.test(line));
  expect(touched).toHaveLength(2);
  expect(fake.scripts.at(-1)!.some((line) => line.startsWith("delete"))).toBe(false);
});

test("a daemon that starts again reads what stands, changes it, and removes the last trace of it", async () => {
  const fake = fakeNft();
  const wanted = setUp(
    service(web),
    real("10.0.0.11:80", 1),
    real("10.0.0.12:80", 1, { forwarding: "gate" }),
  );
  await balancerOn(fake).apply(wanted);
  const again = balancerOn(fake);
  expect((await again.read())[0]?.reals.map(({ weight }) => weight)).toEqual([1, 1]);
  expect(fake.elements("netdev systole_gate svc4")?.size).toBe(1);
  await again.apply([{ type: "remove-real", id: web, real: real("10.0.0.12:80", 1).endpoint }]);
  expect(fake.elements("netdev systole_gate svc4")?.size).toBe(0);
  await again.apply([{ type: "remove-service", id: web }]);
  expect(fake.rules("inet systole choose")).toBeUndefined();
  expect(await again.read()).toEqual([]);
});

test("after somebody flushed the ruleset the table is empty, and can be set again", async () => {
  const fake = fakeNft();
  const balancer = balancerOn(fake);
  const changes = setUp(service(web), real("10.0.0.11:80", 1));
  await balancer.apply(changes);
  fake.flush();
  expect(await balancer.read()).toEqual([]);
  for (const { error } of await balancer.apply(changes)) expect(error).toBeUndefined();
});

const endpoints = ["10.0.0.11:80", "10.0.0.12:80", "127.0.0.1:80", "10.0.0.13:8080"];
const ids = [
  web,
  tcp("192.0.2.10:81"),
  { ...web, port: 0 },
  { kind: "fwmark", fwmark: 3, family: "inet" } as const,
];
const aService = fc
  .record({
    id: fc.constantFrom(...ids),
    scheduler: fc.constantFrom("rr", "wrr", "sh", "wlc", "fastest"),
    persistence: fc.constantFrom(undefined, { timeoutSeconds: 60, prefixLength: 24 }),
  })
  .map(({ id, ...more }) => service(id, more));
const aReal = fc
  .record({
    endpoint: fc.constantFrom(...endpoints),
    weight: fc.integer({ min: 0, max: 3 }),
    forwarding: fc.constantFrom("masq", "gate", "ipip" as const),
  })
  .map(({ endpoint, weight, forwarding }) => real(endpoint, weight, { forwarding }));
const aChange: fc.Arbitrary<BalancerChange> = fc.oneof(
  aService.map((each) => ({ type: "add-service", service: each }) as const),
  aService.map((each) => ({ type: "change-service", service: each }) as const),
  fc.constantFrom(...ids).map((id) => ({ type: "remove-service", id }) as const),
  fc
    .tuple(fc.constantFrom("add-real", "change-real" as const), fc.constantFrom(...ids), aReal)
    .map(([type, id, each]) => ({ type, id, real: each }) as const),
  fc
    .tuple(fc.constantFrom(...ids), aReal)
    .map(([id, each]) => ({ type: "remove-real", id, real: each.endpoint }) as const),
);

const withoutCounters = (table: BalancerTable) =>
  Object.fromEntries(
    table.map(({ service: each, reals }) => [
      serviceKey(each.id),
      { each, reals: reals.map(({ counters: _, ...definition }) => definition) },
    ]),
  );

test("whatever is changed in whatever order: same refusals and same table as the fake kernel, and no dangling rule", async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(fc.array(aChange, { maxLength: 6 }), { maxLength: 6 }), async (batches) => {
      const balancer = balancerOn(fakeNft());
      const model = fakeKernel().balancer;
      for (const batch of batches) {
        const codes = (results: readonly { readonly error: Error | undefined }[]) =>
          results.map(({ error }) => error?.message);
        expect(codes(await balancer.apply(batch))).toEqual(codes(model.applyNow(batch)));
        expect(withoutCounters(await balancer.read())).toEqual(withoutCounters(model.readNow()));
      }
    }),
    { numRuns: 200 },
  );
});

test("changing everything to what it is changes nothing; removing everything leaves nothing", async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(aChange, { maxLength: 20 }), async (changes) => {
      const fake = fakeNft();
      const balancer = balancerOn(fake);
      await balancer.apply(changes);
      const before = fake.snapshot();
      const table = await balancer.read();
      await balancer.apply(
        table.flatMap(({ service: each, reals }) => [
          { type: "change-service", service: each } as const,
          ...reals.map((one) => ({ type: "change-real", id: each.id, real: one }) as const),
        ]),
      );
      expect(fake.snapshot()).toEqual(before);
      await balancer.apply(table.map(({ service: { id } }) => ({ type: "remove-service", id }) as const));
      expect(fake.snapshot()).toEqual(new Map());
    }),
  );
});

test("what nftables cannot do is named, with what is used instead", () => {
  const { limitations } = balancerOn(fakeNft());
  const all = service(web, { scheduler: "wlc", onePacket: true, persistenceEngine: "sip" });
  const said = (found: ReturnType<typeof limitations>) =>
    found.map(({ asked, instead }) => `${asked}: ${instead}`);
  expect(
    said(limitations(all, [real("10.0.0.11:80", 1, { forwarding: "ipip", upperThreshold: 9 })])),
  ).toEqual([
    "scheduler wlc: wrr is used instead",
    "one-packet: packets of one client port stay with one real server",
    "persistence engine sip: persistence by client address is used instead",
    "ipip to 10.0.0.11:80: it gets no traffic; use masq or gate",
    "upper threshold 9 of 10.0.0.11:80: no limit is kept",
  ]);
  expect(limitations(service(web), [real("10.0.0.11:80", 1, { forwarding: "gate" })])).toEqual([]);
  for (const scheduler of ["lc", "sed", "nq", "lblc", "lblcr", "ovf", "fo", "twos"])
    expect(said(limitations(service(web, { scheduler }), []))).toEqual([
      `scheduler ${scheduler}: wrr is used instead`,
    ]);
});
