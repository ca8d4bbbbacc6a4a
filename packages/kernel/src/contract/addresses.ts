import assert from "node:assert/strict";
import { type IpAddress, parseIp } from "@systole/wire";
import type { AddressChange, VipAddress } from "../addresses.js";
import { type ContractCase, comes, type Place, refuses } from "./case.js";

const ip = (text: string): IpAddress => parseIp(text)!; // written out below, all valid

const vip = (place: Place, more: Partial<VipAddress> = {}): VipAddress => ({
  address: ip("192.0.2.10"),
  prefixLength: 24,
  device: place.device,
  ...more,
});
const vip6 = (place: Place, address = "2001:db8::10"): VipAddress => ({
  address: ip(address),
  prefixLength: 64,
  device: place.device,
});

const held = async ({ kernel }: Place, address: string) =>
  (await kernel.addresses.list()).filter((entry) => entry.address === address);

function addressCase(name: string, run: (place: Place) => Promise<void>): ContractCase {
  return { part: "addresses", name, run };
}

export const addressCases: readonly ContractCase[] = [
  addressCase("a VIP is held with its lifetime, its label and its broadcast address", async (place) => {
    const { addresses } = place.kernel;
    const wanted = vip(place, { label: `${place.device}:7`, broadcast: ip("192.0.2.255") });
    await addresses.hold(wanted, 30);
    const [entry, ...others] = await held(place, "192.0.2.10");
    assert.deepEqual(others, []);
    const { validSeconds, ...rest } = entry!;
    assert.deepEqual(rest, { ...wanted, family: "inet" });
    assert.ok(validSeconds !== undefined && validSeconds >= 28 && validSeconds <= 30, `${validSeconds}`);
    await addresses.drop(wanted);
  }),
  addressCase("holding again renews the lifetime, and nothing is doubled", async (place) => {
    const { addresses } = place.kernel;
    for (const wanted of [vip(place), vip6(place)]) {
      await addresses.hold(wanted, 10);
      await addresses.hold(wanted, 90);
      const entries = await held(place, wanted.address);
      assert.equal(entries.length, 1);
      assert.ok(entries[0]!.validSeconds! > 80);
      await addresses.drop(wanted);
    }
  }),
  addressCase("a VIP without a lifetime stays for ever", async (place) => {
    await place.kernel.addresses.hold(vip(place), undefined);
    const [entry] = await held(place, "192.0.2.10");
    assert.equal(entry!.validSeconds, undefined);
    assert.equal(entry!.label, undefined);
    await place.kernel.addresses.drop(vip(place));
  }),
  addressCase("a lifetime can become for ever, and for ever a lifetime", async (place) => {
    const { addresses } = place.kernel;
    const seconds = async () => (await held(place, "192.0.2.10"))[0]!.validSeconds;
    await addresses.hold(vip(place), 20);
    await addresses.hold(vip(place), undefined);
    assert.equal(await seconds(), undefined);
    await addresses.hold(vip(place), 20);
    assert.ok((await seconds())! <= 20);
    await addresses.drop(vip(place));
  }),
  addressCase("what is not renewed is removed by the kernel itself, IPv4 and IPv6", async (place) => {
    // Addresses of their own, here and below: an event of the case before may still be on its way.
    const brief = [vip(place, { address: ip("192.0.2.21") }), vip6(place, "2001:db8::21")];
    const gone: string[] = [];
    const stop = place.kernel.addresses.watch(({ kind, address }) => {
      if (kind === "removed" && brief.some((each) => each.address === address.address))
        gone.push(address.address);
    });
    for (const each of brief) await place.kernel.addresses.hold(each, 1);
    await comes(place, "the end of both lifetimes", () => gone.length === 2);
    assert.deepEqual(gone.sort(), ["192.0.2.21", "2001:db8::21"]);
    for (const each of brief) assert.deepEqual(await held(place, each.address), []);
    stop();
  }),
  addressCase("an IPv6 VIP is usable at once", async (place) => {
    await place.kernel.addresses.hold(vip6(place), 60);
    assert.equal((await held(place, "2001:db8::10"))[0]!.family, "inet6");
    await place.kernel.announcer.announce(ip("2001:db8::10"), place.device);
    await place.kernel.addresses.drop(vip6(place));
  }),
  addressCase(
    "whoever watches hears of every VIP that comes and goes, and not of renewals",
    async (place) => {
      const watched = vip(place, { address: ip("192.0.2.22") });
      const heard: string[] = [];
      const stop = place.kernel.addresses.watch(({ kind, address }: AddressChange) => {
        if (address.address === watched.address) heard.push(`${kind} ${address.address}`);
      });
      for (const lifetime of [60, 90]) await place.kernel.addresses.hold(watched, lifetime);
      await place.kernel.addresses.drop(watched);
      await comes(place, "both changes", () => heard.length >= 2);
      assert.deepEqual(heard, ["added 192.0.2.22", "removed 192.0.2.22"]);
      stop();
      await place.kernel.addresses.hold(watched, 60);
      await place.kernel.addresses.drop(watched);
      await place.elapse(50);
      assert.equal(heard.length, 2);
    },
  ),
  addressCase("dropping what is not held is EADDRNOTAVAIL", async (place) => {
    await refuses("EADDRNOTAVAIL", place.kernel.addresses.drop(vip(place)));
    await refuses("EADDRNOTAVAIL", place.kernel.addresses.drop(vip6(place)));
  }),
  addressCase("an interface that is not there is ENODEV", async (place) => {
    const { addresses, announcer } = place.kernel;
    await refuses("ENODEV", addresses.hold(vip(place, { device: "nowhere0" }), 10));
    await refuses("ENODEV", addresses.drop(vip(place, { device: "nowhere0" })));
    await refuses("ENODEV", announcer.announce(ip("192.0.2.10"), "nowhere0"));
  }),
  addressCase("a label of more than 15 characters is ERANGE", async (place) => {
    await refuses("ERANGE", place.kernel.addresses.hold(vip(place, { label: "much-too-long:12" }), 10));
  }),
  {
    part: "announcer",
    name: "a VIP is announced as often as asked",
    async run(place) {
      await place.kernel.addresses.hold(vip(place), 60);
      for (let turn = 0; turn < 3; turn++)
        await place.kernel.announcer.announce(ip("192.0.2.10"), place.device);
      await place.kernel.addresses.drop(vip(place));
    },
  },
];
