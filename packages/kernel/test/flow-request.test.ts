import type { Flow, Tuple } from "@systole/node-netlink";
import { parseIp } from "@systole/wire";
import { expect, test } from "vitest";
import { flowsDiffer, inCommitOrder } from "../src/flow-order.js";
import { flowToCreate, flowToUpdate, inverse } from "../src/linux/flow-request.js";

const tuple = (from: string, sourcePort: number, to: string, destinationPort: number): Tuple => ({
  source: parseIp(from)!, // written out below, all valid
  destination: parseIp(to)!,
  protocol: 6,
  sourcePort,
  destinationPort,
});

/** A client through the VIP 192.0.2.10:80 to the real server 10.0.0.11:8080. */
const masq: Flow = {
  original: tuple("203.0.113.5", 4001, "192.0.2.10", 80),
  reply: tuple("10.0.0.11", 8080, "203.0.113.5", 4001),
  status: 0x1ae,
  timeoutSeconds: 300,
  tcp: { state: 3 },
  id: 77,
  use: 1,
};

test("masq: plain inverse, destination NAT as a range, liberal TCP, no bit that is the kernel's own", () => {
  expect(flowToCreate(masq)).toEqual({
    original: masq.original,
    reply: tuple("192.0.2.10", 80, "203.0.113.5", 4001),
    status: 0x0e,
    timeoutSeconds: 300,
    tcp: { state: 3, flags: { original: 0x0a, reply: 0x0a } },
    nat: { destination: { address: "10.0.0.11", ports: { first: 8080, last: 8080 } } },
  });
});

test("source NAT: where the replies go", () => {
  const outgoing: Flow = {
    original: tuple("10.0.0.11", 5000, "203.0.113.9", 443),
    reply: tuple("203.0.113.9", 443, "192.0.2.1", 61000),
  };
  const { nat, timeoutSeconds } = flowToCreate(outgoing);
  expect(nat).toEqual({ source: { address: "192.0.2.1", ports: { first: 61000, last: 61000 } } });
  expect(timeoutSeconds).toBe(60);
});

test("no NAT, no range; a timeout of 0 becomes 1; flags that were asked for stay", () => {
  expect(flowToCreate({ ...masq, reply: inverse(masq.original) })).not.toHaveProperty("nat");
  expect(flowToCreate({ ...masq, timeoutSeconds: 0 }).timeoutSeconds).toBe(1);
  const tcp = { state: 3, flags: { original: 1, reply: 1 } };
  expect(flowToCreate({ ...masq, tcp }).tcp).toEqual(tcp);
});

test("ICMP: the answer's type", () => {
  const { sourcePort: _, destinationPort: __, ...plain } = masq.original;
  const ping = { ...plain, protocol: 1, icmp: { type: 8, code: 0, id: 5 } };
  expect(inverse(ping)).toMatchObject({ source: "192.0.2.10", icmp: { type: 0, code: 0, id: 5 } });
  expect(inverse(inverse(ping))).toEqual(ping);
});

test("an update leaves NAT, reply, helper and master alone, and takes no learnt status back", () => {
  const change = flowToUpdate({ ...masq, status: 0x08, helper: "ftp", mark: 9 }, { ...masq, status: 0x0f });
  expect(change).toEqual({
    original: masq.original,
    status: 0x0f,
    mark: 9,
    timeoutSeconds: 300,
    tcp: { state: 3, flags: { original: 0x0a, reply: 0x0a } },
  });
});

test.each([
  {
    name: "equal but for timeout, id and the kernel's own bits",
    wanted: { ...masq, status: 0x0e, timeoutSeconds: 9 },
    differ: false,
  },
  { name: "another TCP state", wanted: { ...masq, tcp: { state: 7 } }, differ: true },
  { name: "another mark", wanted: { ...masq, mark: 1 }, differ: true },
  {
    name: "another real server",
    wanted: { ...masq, reply: tuple("10.0.0.12", 8080, "203.0.113.5", 4001) },
    differ: true,
  },
  { name: "less is known of it than here", wanted: { ...masq, status: 0x08 }, differ: false },
])("$name: differs $differ", ({ wanted, differ }) => {
  expect(flowsDiffer(wanted, masq)).toBe(differ);
});

test("masters come first, and the order stays otherwise", () => {
  const related: Flow = { ...masq, master: masq.original };
  const other: Flow = { ...masq, mark: 1 };
  expect(inCommitOrder([related, masq, other])).toEqual([masq, other, related]);
});
