/** ip_vs over a played kernel: a module that was loaded anew, refusals, the words of a table. */
import { CTRL_ATTR_FAMILY_ID, encodeGeneric, GENL_ID_CTRL, NetlinkConnection } from "@systole/node-netlink";
import { type FakeAnswer, fakeSocket } from "@systole/node-netlink/fake";
import fc from "fast-check";
import { expect, test } from "vitest";
import { fromDestination, fromService, toDestination, toService } from "../src/ipvs/convert.js";
import { ipvsBalancer, ipvsFamily } from "../src/ipvs.js";
import { real, service, setUp, tcp } from "./words.js";

/** A kernel whose family IPVS has the number `family.current`; others are ENOENT. */
function kernelWith(
  family: { current: number | undefined },
  answer: (command: number) => FakeAnswer = () => ({}),
) {
  return new NetlinkConnection(
    fakeSocket(({ type, payload }) => {
      if (type === family.current) return answer(payload[0]!);
      if (type !== GENL_ID_CTRL || family.current === undefined) return { error: "ENOENT" };
      const { current } = family;
      const reply = encodeGeneric(1, 1, (attributes) => attributes.u16host(CTRL_ATTR_FAMILY_ID, current));
      return { entries: [{ type, payload: reply }] };
    }),
  );
}

const changes = setUp(service(tcp("192.0.2.10:80")), real("10.0.0.11:80", 1));
const messages = (results: readonly { readonly error: Error | undefined }[]) =>
  results.map(({ error }) => error?.message);

test("a kernel without ip_vs says so", async () => {
  expect(await ipvsFamily(kernelWith({ current: undefined }))).toBeUndefined();
  expect(await ipvsFamily(kernelWith({ current: 28 }))).toBe(28);
});

test("the module was loaded anew: the number is asked again, the changes are sent again", async () => {
  const family = { current: 28 };
  const balancer = ipvsBalancer(kernelWith(family), 28);
  expect(messages(await balancer.apply(changes))).toEqual([undefined, undefined]);
  family.current = 31;
  expect(messages(await balancer.apply(changes))).toEqual([undefined, undefined]);
  family.current = 33;
  expect(await balancer.read()).toEqual([]);
});

test("ENOENT of a kernel that has the same number is an answer", async () => {
  const balancer = ipvsBalancer(
    kernelWith({ current: 28 }, () => ({ error: "ENOENT" })),
    28,
  );
  expect(messages(await balancer.apply(changes))).toEqual([
    "add virtual service tcp 192.0.2.10:80: refused by the kernel (ENOENT)",
    "add real server 10.0.0.11:80 to tcp 192.0.2.10:80: refused by the kernel (ENOENT)",
  ]);
});

test("services and real servers become ip_vs's numbers, and come back the same", () => {
  const flags = fc.integer({ min: 0, max: 7 });
  const persistence = fc.option(
    fc.record({
      timeoutSeconds: fc.integer({ min: 1, max: 9999 }),
      prefixLength: fc.integer({ min: 1, max: 32 }),
    }),
    { nil: undefined },
  );
  fc.assert(
    fc.property(flags, persistence, fc.boolean(), (schedulerFlags, kept, onePacket) => {
      const given = service(tcp("192.0.2.10:80"), { schedulerFlags, persistence: kept, onePacket });
      expect(fromService(toService(given))).toEqual(given);
    }),
  );
  for (const forwarding of ["gate", "masq", "ipip", "local", "bypass"] as const) {
    const given = real("10.0.0.11:80", 3, { forwarding, upperThreshold: 9, lowerThreshold: 7 });
    const { counters, ...back } = fromDestination(toDestination(given));
    expect(back).toEqual(given);
    expect(counters.connections).toBe(0n);
  }
  const tunnel = { type: "gue", port: 6080, flags: 1 } as const;
  expect(
    fromDestination(toDestination(real("10.0.0.11:80", 1, { forwarding: "ipip", tunnel }))).tunnel,
  ).toEqual(tunnel);
});
