import assert from "node:assert/strict";
import { type ContractCase, refuses } from "./case.js";

export const linkCases: readonly ContractCase[] = [
  {
    part: "links",
    name: "the loopback and the own interface are listed, with index and MAC address",
    async run({ kernel, device }) {
      const links = await kernel.links.list();
      const loopback = links.find(({ name }) => name === "lo");
      const own = links.find(({ name }) => name === device);
      assert.equal(loopback?.loopback, true);
      assert.equal(own?.loopback, false);
      assert.equal(own?.up, true);
      assert.match(own?.mac ?? "", /^([0-9a-f]{2}:){5}[0-9a-f]{2}$/);
      assert.notEqual(own?.index, loopback?.index);
    },
  },
  {
    part: "links",
    name: "setting up what is up changes nothing; what is not there is ENODEV",
    async run({ kernel, device }) {
      await kernel.links.up(device);
      await refuses("ENODEV", kernel.links.up("nowhere0"));
    },
  },
];
