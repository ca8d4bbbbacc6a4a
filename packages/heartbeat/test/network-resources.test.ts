/** Resources that change something of the kernel beside VIPs, on kernels that only remember. */
import type { DeviceRoute, PortBlock, SyncDaemons } from "@systole/kernel";
import { fakeKernel } from "@systole/kernel/fake";
import { type IpAddress, parseIp } from "@systole/wire";
import { describe, expect, test } from "vitest";
import { argumentProblem } from "../src/resources/argument-problem.js";
import { delay } from "../src/resources/delay.js";
import { portBlock } from "../src/resources/port-block.js";
import type { ResourceSpec } from "../src/resources/resource.js";
import { sendArp } from "../src/resources/send-arp.js";
import { sourceAddress } from "../src/resources/source-address.js";
import { syncDaemonSwap } from "../src/resources/sync-daemon-swap.js";
import { virtualClock } from "./virtual-clock.js";

const spec = (text: string): ResourceSpec => {
  const [name = "", ...args] = text.split("::");
  return { text, script: name, args };
};
const never = new AbortController().signal;
const ip = (text: string): IpAddress => parseIp(text)!;

describe("IPsrcaddr", () => {
  function world() {
    const { addresses } = fakeKernel({ links: ["eth0", "eth1"] });
    const hold = (address: string, device: string) =>
      addresses.holdNow({ address: ip(address), prefixLength: 24, device }, undefined);
    hold("192.0.2.2", "eth0");
    hold("10.0.0.2", "eth1");
    const route = (destination: string | undefined, device: string, gateway?: string): DeviceRoute => ({
      family: "inet",
      destination: destination === undefined ? undefined : ip(destination),
      prefixLength: destination === undefined ? 0 : 24,
      device,
      gateway: gateway === undefined ? undefined : ip(gateway),
      source: undefined,
    });
    const table = [
      route(undefined, "eth0", "192.0.2.254"),
      route("192.0.2.0", "eth0"),
      route("198.51.100.0", "eth0", "192.0.2.253"),
      route("10.0.0.0", "eth1"),
    ];
    const sources = () => table.map(({ source }) => source);
    const routes = {
      list: async () => [...table],
      async setSource(one: DeviceRoute, source: IpAddress | undefined) {
        table[table.findIndex((each) => each.destination === one.destination)] = { ...one, source };
      },
    };
    return {
      hold,
      sources,
      resource: sourceAddress(spec("IPsrcaddr::192.0.2.10"), { kernel: { addresses, routes } }),
    };
  }

  test("changes the default route and the network of the address, and gives them back", async () => {
    const { hold, sources, resource } = world();
    hold("192.0.2.10", "eth0");
    expect(await resource.status(never)).toBe(false);
    await resource.start(never);
    expect(sources()).toEqual(["192.0.2.10", "192.0.2.10", undefined, undefined]);
    expect(await resource.status(never)).toBe(true);
    await resource.stop(never);
    expect(sources()).toEqual(["192.0.2.2", "192.0.2.2", undefined, undefined]);
    expect(await resource.status(never)).toBe(false);
  });

  test("needs its address to be up", async () => {
    await expect(world().resource.start(never)).rejects.toThrow("192.0.2.10 is not up: it must stand before");
  });
});

describe("LVSSyncDaemonSwap", () => {
  test.each([
    { text: "LVSSyncDaemonSwap::master", to: "master eth0 0", back: "backup eth0 0" },
    { text: "LVSSyncDaemonSwap::backup::eth1::7", to: "backup eth1 7", back: "master eth1 7" },
  ])("$text: the opposite goes first, and comes back at the end", async ({ text, to, back }) => {
    const acts: string[] = [];
    let open = 0;
    const openSyncDaemons = async (): Promise<SyncDaemons> => {
      open++;
      return {
        list: async () => [],
        start: async () => true,
        stop: async () => true,
        async swap({ state, interface: device, syncId }) {
          acts.push(`${state} ${device} ${syncId}`);
          return true;
        },
        close: () => void open--,
      };
    };
    const resource = syncDaemonSwap(spec(text), { kernel: { openSyncDaemons } });
    await resource.start(never);
    await resource.stop(never);
    expect(acts).toEqual([to, back]);
    expect(open).toBe(0);
  });
});

describe("portblock", () => {
  test.each([
    { text: "portblock::tcp::80,443::block", started: "tcp 80 tcp 443", stopped: "" },
    { text: "portblock::udp::53::unblock", started: "", stopped: "udp 53" },
  ])("$text", async ({ text, started, stopped }) => {
    let blocked: readonly PortBlock[] = [{ protocol: "udp", port: 53 }];
    if (text.endsWith("::block")) blocked = [];
    const portBlocks = {
      async block(ports: readonly PortBlock[]) {
        blocked = ports;
      },
      async unblock() {
        blocked = [];
      },
      list: async () => blocked,
    };
    const resource = portBlock(spec(text), { kernel: { portBlocks } });
    const told = () => blocked.map(({ protocol, port }) => `${protocol} ${port}`).join(" ");
    expect(await resource.status(never)).toBe(false);
    await resource.start(never);
    expect([told(), await resource.status(never)]).toEqual([started, true]);
    await resource.stop(never);
    expect([told(), await resource.status(never)]).toEqual([stopped, false]);
  });
});

test("Delay waits as long as it says when it comes and when it goes, and not when it was not there", async () => {
  const clock = virtualClock();
  const resource = delay(spec("Delay::3::2"), { clock });
  await resource.stop(never);
  let started = false;
  const start = resource.start(never).then(() => {
    started = true;
  });
  await clock.advance(2999);
  expect(started).toBe(false);
  await clock.advance(1);
  await start;
  expect(await resource.status(never)).toBe(true);
  const stop = resource.stop(never);
  await clock.advance(2000);
  await stop;
  expect([await resource.status(never), resource.limits.start, resource.limits.stop]).toEqual([
    false,
    8000,
    7000,
  ]);
});

test("SendArp announces five times, 200 ms apart, until it is stopped", async () => {
  const clock = virtualClock();
  const told: string[] = [];
  const kernel = fakeKernel({
    clock,
    trace: (act) => void (act.type === "announce" && told.push(`${clock.now()} ${act.vip} ${act.device}`)),
  });
  const dependencies = { clock, kernel, mayHold: () => true, warn: (problem: string) => told.push(problem) };
  const resource = sendArp(spec("SendArp::192.0.2.10/eth0"), dependencies);
  await resource.start(never);
  await clock.advance(5000);
  expect(told).toEqual([0, 200, 400, 600, 800].map((at) => `${at} 192.0.2.10 eth0`));
  told.length = 0;
  await resource.start(never);
  await resource.stop(never);
  await clock.advance(5000);
  expect(told).toEqual(["5000 192.0.2.10 eth0"]);
});

test.each([
  ["LVSSyncDaemonSwap::leader", '"leader" is neither master nor backup'],
  ["LVSSyncDaemonSwap::master::eth0::256", '"256" is not a syncid of 0 to 255'],
  ["portblock::icmp::80::block", '"icmp" is neither tcp nor udp'],
  ["portblock::tcp::0::block", '"0" is not a port'],
  ["portblock::tcp::80::open", '"open" is neither block nor unblock'],
  ["Delay::long", '"long" is not a number of seconds'],
  ["IPsrcaddr::eth0", '"eth0" is not an IP address'],
  ["MailTo", "names no recipient"],
])("%s is refused when haresources is read: %s", (text, problem) => {
  expect(argumentProblem(spec(text))).toContain(problem);
});
