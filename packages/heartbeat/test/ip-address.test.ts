import type { Fact } from "@systole/bus";
import type { HeldAddress } from "@systole/kernel";
import { type FakeAct, fakeKernel } from "@systole/kernel/fake";
import { milliseconds, seconds } from "@systole/machine";
import { parseIp } from "@systole/wire";
import { describe, expect, test } from "vitest";
import type { Lease } from "../src/core/lease.js";
import { findInterface } from "../src/resources/find-interface.js";
import { ipAddress } from "../src/resources/ip-address.js";
import { parseIpSpec } from "../src/resources/ip-spec.js";
import type { ResourceSpec } from "../src/resources/resource.js";
import { createVipLease } from "../src/resources/vip-lease.js";
import { settled, virtualClock } from "./virtual-clock.js";

describe("the argument of an address resource", () => {
  test.each([
    { text: "192.0.2.10", means: ["192.0.2.10", undefined, undefined, undefined, undefined] },
    { text: "192.0.2.10/24", means: ["192.0.2.10", 24, undefined, undefined, undefined] },
    { text: "192.0.2.10/255.255.255.0", means: ["192.0.2.10", 24, undefined, undefined, undefined] },
    { text: "192.0.2.10/24/eth0", means: ["192.0.2.10", 24, "eth0", undefined, undefined] },
    { text: "192.0.2.10/24/eth0:web", means: ["192.0.2.10", 24, "eth0", "eth0:web", undefined] },
    { text: "192.0.2.10/24/192.0.2.255", means: ["192.0.2.10", 24, undefined, undefined, "192.0.2.255"] },
    { text: "192.0.2.10/24/eth0/192.0.2.255", means: ["192.0.2.10", 24, "eth0", undefined, "192.0.2.255"] },
    { text: "2001:db8::10/64/eth0", means: ["2001:db8::10", 64, "eth0", undefined, undefined] },
  ])("$text", ({ text, means }) => {
    const { address, prefixLength, device, label, broadcast } = parseIpSpec(text);
    expect([address, prefixLength, device, label, broadcast]).toEqual(means);
  });

  test.each([
    { text: "192.0.2.300", problem: '"192.0.2.300" is not an IP address' },
    { text: "192.0.2.10/33", problem: '"33" is not a netmask of 0 to 32 bits' },
    { text: "192.0.2.10/255.0.255.0", problem: '"255.0.255.0" is not a netmask of 0 to 32 bits' },
    { text: "192.0.2.10/24/eth0/nowhere", problem: '"nowhere" is not a broadcast address' },
    { text: "192.0.2.10/24/eth0/192.0.2.255/x", problem: '"x" is one part too many' },
  ])("$text is refused: $problem", ({ text, problem }) => {
    expect(() => parseIpSpec(text)).toThrow(`${text}: ${problem}`);
  });
});

const present = (address: string, prefixLength: number, device: string, broadcast?: string): HeldAddress => ({
  address: parseIp(address)!,
  prefixLength,
  device,
  family: address.includes(":") ? "inet6" : "inet",
  validSeconds: undefined,
  ...(broadcast !== undefined && { broadcast: parseIp(broadcast)! }),
});

describe("where a VIP belongs", () => {
  const addresses = [
    present("192.0.2.2", 24, "eth0", "192.0.2.255"),
    present("192.0.2.130", 25, "eth1", "192.0.2.255"),
    present("2001:db8::2", 64, "eth2"),
  ];
  test.each([
    { text: "192.0.2.10", means: "192.0.2.10/24 eth0 192.0.2.255", why: "the network that contains it" },
    { text: "192.0.2.200", means: "192.0.2.200/25 eth1 192.0.2.255", why: "the longest prefix" },
    { text: "192.0.2.200/24", means: "192.0.2.200/24 eth0 192.0.2.255", why: "the prefix that was given" },
    { text: "192.0.2.10/32/eth1", means: "192.0.2.10/32 eth1", why: "all given: nothing is looked up" },
    { text: "2001:db8::10", means: "2001:db8::10/64 eth2", why: "IPv6 likewise" },
  ])("$text: $why", ({ text, means }) => {
    const { address, prefixLength, device, broadcast } = findInterface(parseIpSpec(text), addresses);
    expect([`${address}/${prefixLength}`, device, broadcast].filter(Boolean).join(" ")).toBe(means);
  });

  test("no connected network: an error, not a guess", () => {
    expect(() => findInterface(parseIpSpec("198.51.100.1"), addresses)).toThrow(
      "198.51.100.1: no connected network tells its interface",
    );
  });
});

const EIGHT_SECONDS: Lease = { kind: "address", length: seconds(8) };

function setUp(text: string, options: { readonly mayHold?: boolean; readonly lease?: Lease } = {}) {
  const clock = virtualClock();
  const acts: string[] = [];
  const facts: Fact[] = [];
  const warnings: string[] = [];
  let refusal: string | undefined;
  let voided: boolean | undefined;
  const trace = (act: FakeAct) => acts.push(`${clock.now()} ${describeAct(act)}`);
  const refuse = (act: FakeAct) => (act.type === "hold" ? refusal : undefined);
  const kernel = fakeKernel({ clock, trace, refuse });
  kernel.addresses.holdNow(present("192.0.2.2", 24, "eth0", "192.0.2.255"), undefined);
  acts.length = 0;
  const [script = "", ...args] = text.split("::");
  const spec: ResourceSpec = { text, script, args };
  const resource = ipAddress(spec, {
    clock,
    kernel,
    lease: createVipLease({
      clock,
      guard: kernel.leaseGuard,
      lease: () => options.lease,
      warn: (problem) => warnings.push(problem),
    }),
    mayHold: () => voided === undefined && (options.mayHold ?? true),
    publish: (_severity, fact) => facts.push(fact),
    warn: (problem) => warnings.push(problem),
  });
  const voidWord = () => {
    voided = true;
  };
  return {
    clock,
    acts,
    facts,
    warnings,
    kernel,
    resource,
    voidWord,
    refuseWith: (code?: string) => (refusal = code),
  };
}

function describeAct(act: FakeAct): string {
  switch (act.type) {
    case "hold":
      return `hold ${act.vip.address}/${act.vip.prefixLength} ${act.vip.label ?? act.vip.device} for ${act.lifetimeSeconds}`;
    case "drop":
      return `drop ${act.vip.address}/${act.vip.prefixLength} ${act.vip.device}`;
    case "announce":
      return `announce ${act.vip} ${act.device}`;
    case "grant":
      return `grant ${act.vips.join(", ")} for ${act.lifetimeMs}`;
    case "silence":
    case "release":
      return `${act.type} ${act.vips.join(", ")}`;
    default:
      return act.type;
  }
}

const never = new AbortController().signal;

describe("a VIP", () => {
  test("comes up with its lease, is announced at once and four times more, 200 ms apart", async () => {
    const { clock, acts, facts, resource } = setUp("IPaddr2::192.0.2.10", { lease: EIGHT_SECONDS });
    await resource.start(never);
    await clock.advance(5000);
    expect(acts).toEqual([
      "0 link-up",
      "0 hold 192.0.2.10/24 eth0 for 8",
      "0 announce 192.0.2.10 eth0",
      "200 announce 192.0.2.10 eth0",
      "400 announce 192.0.2.10 eth0",
      "600 announce 192.0.2.10 eth0",
      "800 announce 192.0.2.10 eth0",
    ]);
    expect(facts).toEqual([{ kind: "vip.up", address: "192.0.2.10", device: "eth0", reason: "started" }]);
  });

  test("is announced no more once our word is void: after a stall another may have it", async () => {
    const options = { lease: EIGHT_SECONDS, mayHold: true };
    const { clock, acts, resource } = setUp("IPaddr2::192.0.2.10", options);
    await resource.start(never);
    await clock.advance(300);
    options.mayHold = false;
    await clock.advance(5000);
    expect(acts.filter((act) => act.includes("announce"))).toEqual([
      "0 announce 192.0.2.10 eth0",
      "200 announce 192.0.2.10 eth0",
    ]);
  });

  test("of IPaddr has the first free alias as its label", async () => {
    const { acts, resource } = setUp("IPaddr::192.0.2.10", { lease: EIGHT_SECONDS });
    await resource.start(never);
    expect(acts[1]).toBe("0 hold 192.0.2.10/24 eth0:0 for 8");
  });

  test("is not added when our word is void at that very moment", async () => {
    const { acts, resource } = setUp("IPaddr2::192.0.2.10", { mayHold: false });
    await expect(resource.start(never)).rejects.toThrow("we were silent too long");
    expect(acts).toEqual(["0 link-up"]);
  });

  test("is announced no more when our word has become void meanwhile", async () => {
    const { clock, acts, resource, voidWord } = setUp("IPaddr2::192.0.2.10", { lease: EIGHT_SECONDS });
    await resource.start(never);
    await clock.advance(300);
    voidWord();
    await clock.advance(5000);
    expect(acts.filter((act) => act.includes("announce"))).toEqual([
      "0 announce 192.0.2.10 eth0",
      "200 announce 192.0.2.10 eth0",
    ]);
  });

  test("is renewed within the call, and not at all without a lease", async () => {
    const leased = setUp("IPaddr2::192.0.2.10", { lease: EIGHT_SECONDS });
    await leased.resource.start(never);
    leased.acts.length = 0;
    leased.resource.renew?.();
    expect(leased.acts).toEqual(["0 hold 192.0.2.10/24 eth0 for 8"]);
    const free = setUp("IPaddr2::192.0.2.10");
    await free.resource.start(never);
    free.acts.length = 0;
    free.resource.renew?.();
    expect(free.acts).toEqual([]);
  });

  test("that cannot be renewed is told once, not each time", async () => {
    const { clock, warnings, resource, refuseWith } = setUp("IPaddr2::192.0.2.10", { lease: EIGHT_SECONDS });
    await resource.start(never);
    refuseWith("ENODEV");
    for (let time = 0; time < 3; time++) {
      resource.renew?.();
      await clock.advance(1000);
    }
    expect(warnings.length).toBe(1);
    expect(warnings[0]).toContain("192.0.2.10 cannot be renewed");
  });

  test("goes when it is stopped, and is announced no more", async () => {
    const { clock, acts, facts, resource } = setUp("IPaddr2::192.0.2.10", { lease: EIGHT_SECONDS });
    await resource.start(never);
    await clock.advance(300);
    acts.length = 0;
    await resource.stop(never);
    await clock.advance(5000);
    expect(acts).toEqual(["300 drop 192.0.2.10/24 eth0"]);
    expect(facts.at(-1)).toEqual({
      kind: "vip.down",
      address: "192.0.2.10",
      device: "eth0",
      reason: "stopped",
    });
  });

  test("that is not there is stopped without complaint; one that we did not start is dropped", async () => {
    const { acts, kernel, resource } = setUp("IPaddr2::192.0.2.10");
    await resource.stop(never);
    kernel.addresses.holdNow(present("192.0.2.10", 24, "eth0"), 5);
    acts.length = 0;
    await resource.stop(never);
    expect(acts).toEqual(["0 drop 192.0.2.10/24 eth0"]);
    expect(await resource.status(never)).toBe(false);
  });

  test("is withdrawn within the call, and not renewed after that", async () => {
    const { clock, acts, facts, resource } = setUp("IPaddr2::192.0.2.10", { lease: EIGHT_SECONDS });
    await resource.start(never);
    acts.length = 0;
    resource.withdraw?.();
    expect(acts).toEqual(["0 drop 192.0.2.10/24 eth0"]);
    resource.renew?.();
    await clock.advance(5000);
    expect(acts.length).toBe(1);
    expect(facts.at(-1)).toMatchObject({ kind: "vip.down", reason: "stalled" });
  });

  test("moves from the loopback to the interface and back", async () => {
    const { acts, kernel, resource } = setUp("IPaddr2::192.0.2.10");
    kernel.addresses.holdNow(present("192.0.2.10", 32, "lo"), undefined);
    acts.length = 0;
    await resource.start(never);
    await resource.stop(never);
    expect(acts.filter((act) => !act.includes("announce"))).toEqual([
      "0 drop 192.0.2.10/32 lo",
      "0 link-up",
      "0 hold 192.0.2.10/24 eth0 for undefined",
      "0 drop 192.0.2.10/24 eth0",
      "0 hold 192.0.2.10/32 lo for undefined",
    ]);
  });
});

describe("a VIP behind the lease guard", () => {
  const GUARD: Lease = { kind: "guard", length: milliseconds(690) };

  async function guarded() {
    const setup = setUp("IPaddr2::192.0.2.10", { lease: GUARD });
    await setup.kernel.leaseGuard.arm();
    await setup.resource.start(never);
    setup.acts.length = 0;
    return { ...setup, vip: parseIp("192.0.2.10")! };
  }

  test("answers for one lease; its address is renewed now and then only", async () => {
    const { clock, acts, kernel, resource, vip } = await guarded();
    await clock.advance(200);
    resource.renew?.();
    expect(acts.filter((act) => !act.includes("announce"))).toEqual(["200 grant 192.0.2.10 for 690"]);
    await clock.advance(689);
    expect(kernel.leaseGuard.answers(vip)).toBe(true);
    await clock.advance(1);
    expect(kernel.leaseGuard.answers(vip)).toBe(false);
    resource.renew?.();
    expect(acts).toContain("890 hold 192.0.2.10/24 eth0 for 2");
    expect(kernel.leaseGuard.answers(vip)).toBe(true);
  });

  test("is silent within the call that withdraws it, and free again once it is stopped", async () => {
    const { acts, kernel, resource, vip } = await guarded();
    resource.withdraw?.();
    expect(kernel.leaseGuard.answers(vip)).toBe(false);
    await resource.stop(never);
    expect(acts).toContain("0 release 192.0.2.10");
  });

  test("somebody flushed the ruleset: it is put back, told once, and guarded with the next renewal", async () => {
    const { clock, kernel, warnings, resource, vip } = await guarded();
    kernel.leaseGuard.flushNow();
    resource.renew?.();
    resource.renew?.();
    await settled();
    expect(warnings).toEqual([
      "somebody removed the rules of the VIP lease from nftables: they are put back",
    ]);
    resource.renew?.();
    await clock.advance(690);
    expect(kernel.leaseGuard.answers(vip)).toBe(false);
  });
});
