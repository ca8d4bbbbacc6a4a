import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fakeKernel } from "@systole/kernel/fake";
import { type Ipv4Address, type MacAddress, parseIp, parseMac } from "@systole/wire";
import { expect, onTestFinished, test } from "vitest";
import type { CoreEvent } from "../src/core/event.js";
import { createClaimWatch, ownMacs } from "../src/shell/claim-watch.js";
import { virtualClock } from "./virtual-clock.js";

const ip = (text: string) => parseIp(text) as Ipv4Address; // written as IPv4 below
const mac = parseMac("52:54:00:00:00:09")!;

function watching() {
  const clock = virtualClock();
  const fed: CoreEvent[] = [];
  const asked: string[] = [];
  let watched: readonly string[] = [];
  let tell: (vip: Ipv4Address, mac: MacAddress) => void = () => {};
  const watch = createClaimWatch({
    clock,
    kernel: {
      addresses: fakeKernel().addresses,
      vipClaims: {
        watch(vips, claimed) {
          watched = vips;
          tell = claimed;
        },
        ask: async (vip, device) => void asked.push(`${vip} on ${device}`),
      },
    },
    feed: (event) => fed.push(event),
    warn: () => {},
  });
  return { clock, fed, asked, watch, watched: () => watched, tell: (vip: Ipv4Address) => tell(vip, mac) };
}

const address = (script: string, ...args: string[]) => ({
  text: `${script}::${args.join("::")}`,
  script,
  args,
});
const groups = [
  {
    key: "web",
    resources: [
      { text: "ldirectord", script: "ldirectord", args: [] },
      address("IPaddr2", "192.0.2.10/24/eth0"),
      address("IPaddr2", "2001:db8", "10/64/eth0"),
    ],
  },
  { key: "db", resources: [address("IPaddr", "192.0.2.20/24/eth0")] },
];

test("the IPv4 VIPs of all groups are watched, and a claim names its group", () => {
  const { watch, watched, tell, fed } = watching();
  watch.use(groups);
  expect(watched()).toEqual(["192.0.2.10", "192.0.2.20"]);
  tell(ip("192.0.2.20"));
  expect(fed).toEqual([{ type: "vip-claimed", group: "db", vip: "192.0.2.20", mac }]);
});

test("more than 50 claims a second are not looked at", async () => {
  const { watch, tell, fed, clock } = watching();
  watch.use(groups);
  for (let claim = 0; claim < 500; claim++) tell(ip("192.0.2.10"));
  expect(fed.length).toBe(50);
  await clock.advance(1000);
  tell(ip("192.0.2.10"));
  expect(fed.length).toBe(51);
});

test("asks for the VIPs of these groups on their interface", async () => {
  const { watch, asked } = watching();
  watch.use(groups);
  await watch.ask(["db"]);
  expect(asked).toEqual(["192.0.2.20 on eth0"]);
});

test("its own MAC addresses: one for each interface that has one, not the loopback's", () => {
  const folder = mkdtempSync(join(tmpdir(), "systole-macs-"));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  const cards = { lo: "00:00:00:00:00:00", eth0: "02:00:00:00:00:01", eth1: "02:00:00:00:00:01", tun0: "" };
  for (const [name, text] of Object.entries(cards)) {
    mkdirSync(join(folder, name));
    writeFileSync(join(folder, name, "address"), `${text}\n`);
  }
  expect(ownMacs(folder)).toEqual(["02:00:00:00:00:01"]);
  expect(ownMacs(join(folder, "missing"))).toEqual([]);
});
