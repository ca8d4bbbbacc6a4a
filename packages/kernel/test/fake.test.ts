/** What the fake adds to the contract: virtual time, traces, refusals, everything within the call. */
import { parseIp } from "@systole/wire";
import { expect, test } from "vitest";
import { type FakeAct, fakeKernel } from "../src/fake.js";
import { handClock } from "./hand-clock.js";
import { real, service, setUp, tcp } from "./words.js";

const vip = { address: parseIp("192.0.2.10")!, prefixLength: 24, device: "eth0" };

test("a VIP goes when its lifetime is over, not a millisecond before", () => {
  const clock = handClock();
  const acts: string[] = [];
  const kernel = fakeKernel({ clock, trace: ({ type }) => acts.push(`${clock.now()} ${type}`) });
  kernel.addresses.holdNow(vip, 5);
  clock.advance(4000);
  kernel.addresses.holdNow(vip, 5);
  clock.advance(4999);
  expect(kernel.addresses.listNow()).toHaveLength(1);
  clock.advance(1);
  expect(kernel.addresses.listNow()).toHaveLength(0);
  expect(acts).toEqual(["0 hold", "4000 hold", "9000 expired"]);
});

test("an act that the test refuses changes nothing, and is not in the trace", async () => {
  const acts: FakeAct[] = [];
  let refused: string | undefined = "ENOBUFS";
  const kernel = fakeKernel({ refuse: () => refused, trace: (act) => acts.push(act) });
  expect(() => kernel.addresses.holdNow(vip, 5)).toThrow(
    "hold 192.0.2.10/24 on eth0: refused by the kernel (ENOBUFS)",
  );
  await expect(kernel.announcer.announce(vip.address, "eth0")).rejects.toThrow("(ENOBUFS)");
  const web = service(tcp("192.0.2.10:80"));
  expect(kernel.balancer.applyNow(setUp(web)).map(({ error }) => error?.message)).toEqual([
    "add virtual service tcp 192.0.2.10:80: refused by the kernel (ENOBUFS)",
  ]);
  expect(acts).toEqual([]);
  refused = undefined;
  expect(kernel.balancer.readNow()).toEqual([]);
});

test("an interface that goes takes its VIPs with it; one that is down announces nothing", () => {
  const kernel = fakeKernel({ links: ["eth0", "eth1"] });
  kernel.addresses.holdNow(vip, undefined);
  kernel.links.set("eth1", { up: false });
  expect(() => kernel.announcer.announceNow(vip.address, "eth1")).toThrow("ENETDOWN");
  kernel.links.remove("eth0");
  expect(kernel.addresses.listNow()).toEqual([]);
});

test("counters that a test sets are read, and end with their real server", () => {
  const kernel = fakeKernel();
  const web = service(tcp("192.0.2.10:80"));
  kernel.balancer.applyNow(setUp(web, real("10.0.0.11:80", 1)));
  kernel.balancer.count(web.id, real("10.0.0.11:80", 1).endpoint, { activeConnections: 7 });
  expect(kernel.balancer.readNow()[0]?.reals[0]?.counters.activeConnections).toBe(7);
  kernel.balancer.applyNow([{ type: "remove-service", id: web.id }, ...setUp(web, real("10.0.0.11:80", 1))]);
  expect(kernel.balancer.readNow()[0]?.reals[0]?.counters.activeConnections).toBe(0);
});
