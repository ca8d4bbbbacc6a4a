/** `tunnel` and `persistenceengine`: what is understood, what is refused, and what reaches the table. */
import { expect, test } from "vitest";
import { parseLdirectordCf } from "../src/config/ldirectord-cf.js";
import { testSurroundings } from "./names.js";
import { makeWorld } from "./world.js";

const parse = (text: string) => parseLdirectordCf({ path: "ldirectord.cf", text }, testSurroundings);
const section = (lines: string) =>
  `virtual=198.51.100.10:80\n\treal=192.0.2.21:80 ipip 3\n\treal=192.0.2.22:80 masq 4\n\tchecktype=on\n${lines}`;

test.each([
  ["gue 6080", { type: "gue", port: 6080, flags: 0 }],
  ["gue 6080 remcsum", { type: "gue", port: 6080, flags: 2 }],
  ["gre csum", { type: "gre", port: 0, flags: 1 }],
  ["ipip", undefined],
])("tunnel=%s is for ipip only", (value, tunnel) => {
  const [wrapped, plain] = parse(section(`\ttunnel=${value}\n`)).value!.director.services[0]!.reals;
  expect([wrapped!.tunnel, plain!.tunnel]).toEqual([tunnel, undefined]);
});

test.each([
  "gue",
  "gue 0",
  "gue 70000",
  "gre remcsum",
  "gre 6080",
  "ipip csum",
  "vxlan",
  "gue 6080 csum more",
])("tunnel=%s is an error at its line", (value) => {
  const { value: config, diagnostics } = parse(section(`\ttunnel=${value}\n`));
  expect(config).toBeUndefined();
  expect(diagnostics.map(({ code, span }) => [code, span?.line])).toEqual([["bad-tunnel", 5]]);
});

test("an engine needs udp and persistence, and is the kernel's", () => {
  const udp = "virtual=198.51.100.10:5060\n\tprotocol=udp\n\tservice=none\n";
  const engine = "\tpersistenceengine=sip\n";
  const found = parse(`${udp}\tpersistent=60\n${engine}`).value!.director.services[0]!.virtual;
  expect(found).toMatchObject({ persistenceEngine: "sip", persistence: { timeoutSeconds: 60 } });
  for (const text of [udp + engine, section(`\tpersistent=60\n${engine}`), `${udp}\tpersistenceengine=dns\n`])
    expect(parse(text).value).toBeUndefined();
});

test("another tunnel is a change of one entry, and the same tunnel is none", async () => {
  const world = makeWorld();
  world.configure(section("\ttunnel=gue 6080\n"));
  await world.advance(1000);
  expect(world.preview(section("\ttunnel=gue 6080\n"))).toEqual([]);
  const planned = world.preview(section("\ttunnel=gre\n")).map(({ change }) => change);
  expect(planned).toMatchObject([
    { type: "change-real", real: { tunnel: { type: "gre", port: 0, flags: 0 } } },
  ]);
});
