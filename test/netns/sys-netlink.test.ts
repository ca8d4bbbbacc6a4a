/** The system-call layer and the netlink codecs against this machine's kernel, between two nodes of a laboratory. */
import dgram from "node:dgram";
import {
  type AddressRecord,
  announcement,
  BROADCAST_MAC,
  decodeAddress,
  decodeArp,
  decodeConntrackEvent,
  decodeLink,
  decodeNeighbour,
  decodeRoute,
  deleteFlow,
  dumpAddresses,
  dumpFlows,
  dumpLinks,
  dumpNeighbours,
  ETH_P_ARP,
  encodeArp,
  encodeNeighbourAdvertisement,
  type Flow,
  flowAnswer,
  getLink,
  getRoute,
  IFA_F_NODAD,
  type LinkRecord,
  listenToEvents,
  NetlinkConnection,
  NFNLGRP_CONNTRACK_DESTROY,
  NFNLGRP_CONNTRACK_NEW,
  NUD_STALE,
  newFlow,
  putAddress,
  putNeighbour,
  RTM_DELADDR,
  RTM_NEWADDR,
  RTNLGRP_IPV4_IFADDR,
  removeAddress,
  setLinkUp,
  unsolicitedAdvertisement,
  updateFlow,
} from "@systole/node-netlink";
import {
  inNamespace,
  NETLINK_NETFILTER,
  NETLINK_ROUTE,
  type NetlinkOptions,
  openIcmp,
  openNetlink,
  openPacket,
  openUdp,
} from "@systole/sys";
import {
  checksum,
  type IpAddress,
  type Ipv4Address,
  type Ipv6Address,
  ipBytes,
  macBytes,
  parseIp,
  parseIpv4,
  parseIpv6,
  parseMac,
} from "@systole/wire";
import { afterAll, beforeAll, expect, test } from "vitest";
import { type Cluster, makeCluster } from "../lab/cluster.js";
import { until } from "../lab/until.js";

const NODES = { a: { host: 1, networks: ["net"] }, b: { host: 2, networks: ["net"] } };
let cluster: Cluster;
const closing: (() => void)[] = [];

beforeAll(async () => {
  cluster = await makeCluster({ topology: { networks: { net: 9 }, nodes: NODES } });
});
afterAll(async () => {
  for (const close of closing) close();
  await cluster.close();
});

type Node = keyof typeof NODES;
const inside = <T>(node: Node, make: () => T): T =>
  inNamespace(`/proc/${cluster.node(node).pid}/ns/net`, make);

function closedLater<T extends { close(): void }>(socket: T): T {
  closing.push(() => socket.close());
  return socket;
}

const netlink = (node: Node, options: NetlinkOptions) =>
  closedLater(inside(node, () => openNetlink(options)));
const connection = (node: Node, protocol = NETLINK_ROUTE) =>
  new NetlinkConnection(netlink(node, { protocol, receiveBufferBytes: 1 << 20 }));

async function card(node: Node): Promise<LinkRecord> {
  const [link] = await connection(node).request(getLink("net"), ({ payload }) => decodeLink(payload));
  if (link === undefined) throw new Error("no card");
  return link;
}

const ipv4 = (text: string): Ipv4Address => parseIpv4(text)!; // literals of this test, as below
const ipv6 = (text: string): Ipv6Address => parseIpv6(text)!;
const STRANGER = parseMac("02:00:00:00:00:99")!;

const vip = (index: number, more: Partial<AddressRecord> = {}): AddressRecord => ({
  index,
  address: ipv4("10.0.9.200"),
  prefixLength: 24,
  scope: 0,
  flags: 0,
  label: "net:0",
  ...more,
});

test("links, addresses and routes are as the laboratory made them", async () => {
  const routes = connection("a");
  const links = await routes.dump(dumpLinks(), ({ payload }) => decodeLink(payload));
  expect(links.map(({ name }) => name).sort()).toContain("net");
  expect(links.find(({ name }) => name === "net")).toMatchObject({ kind: "veth", carrier: true });
  const addresses = await routes.dump(dumpAddresses("inet"), ({ payload }) => decodeAddress(payload));
  expect(addresses.map(({ address, prefixLength }) => `${address}/${prefixLength}`)).toContain("10.0.9.1/24");
  const [route] = await routes.request(getRoute(ipv4("10.0.9.2")), ({ payload }) => decodeRoute(payload));
  expect(route).toMatchObject({ outInterface: (await card("a")).index, preferredSource: "10.0.9.1" });
});

test("a VIP with a lifetime is renewed, and removed by the kernel alone when it is not", async () => {
  const { index } = await card("a");
  const requests = connection("a");
  const seen: string[] = [];
  const events = netlink("a", { protocol: NETLINK_ROUTE, groups: [RTNLGRP_IPV4_IFADDR] });
  listenToEvents(
    events,
    ({ type, payload }) => {
      const { address } = decodeAddress(payload);
      if (type === RTM_NEWADDR) seen.push(`up ${address}`);
      if (type === RTM_DELADDR) seen.push(`down ${address}`);
    },
    () => seen.push("overrun"),
  );
  const lease = (seconds: number) =>
    requests.request(
      putAddress(vip(index, { lifetime: { validSeconds: seconds, preferredSeconds: seconds } })),
    );
  await lease(60);
  await lease(1);
  const renewedAt = performance.now();
  await until("the kernel to remove the VIP", () => (seen.includes("down 10.0.9.200") ? true : undefined));
  const lived = performance.now() - renewedAt;
  expect(seen).toEqual(["up 10.0.9.200", "up 10.0.9.200", "down 10.0.9.200"]);
  expect(lived).toBeGreaterThan(900);
  expect(lived).toBeLessThan(3000);
});

test("the kernel's refusals arrive with their names", async () => {
  const { index } = await card("a");
  const requests = connection("a");
  const code = (answer: Promise<unknown>) =>
    answer.then(
      () => "accepted",
      (error: { code: string }) => error.code,
    );
  expect(await code(requests.request(removeAddress(vip(index))))).toBe("EADDRNOTAVAIL");
  expect(await code(requests.request(putAddress(vip(index, { label: "a-label-of-more-than-15" }))))).toBe(
    "ERANGE",
  );
  expect(await code(requests.request(putAddress(vip(9999))))).toBe("ENODEV");
  expect(await code(requests.request(setLinkUp(9999, true)))).toBe("ENODEV");
});

test("1000 requests at once all have their answer", async () => {
  const { index } = await card("a");
  const requests = connection("a");
  const many = Array.from({ length: 1000 }, (_, n) =>
    vip(index, {
      address: parseIp(`10.7.${n >> 8}.${n & 255}`) as IpAddress,
      prefixLength: 32,
      label: "net",
    }),
  );
  const added = await Promise.all(many.map((record) => requests.request(putAddress(record))));
  expect(added).toHaveLength(1000);
  const removed = await requests.requestAll(many.map(removeAddress));
  expect(removed.filter((error) => error !== undefined)).toEqual([]);
});

test("events that do not fit are told as an overrun, and the socket goes on", async () => {
  const { index } = await card("a");
  const requests = connection("a");
  let [events, overruns] = [0, 0];
  const socket = netlink("a", {
    protocol: NETLINK_ROUTE,
    groups: [RTNLGRP_IPV4_IFADDR],
    receiveBufferBytes: 4096,
  });
  listenToEvents(
    socket,
    () => events++,
    () => overruns++,
  );
  const record = vip(index, { address: ipv4("10.0.9.201"), label: "net" });
  const batch = Array.from({ length: 60 }, (_, n) =>
    n % 2 === 0 ? putAddress(record) : removeAddress(record),
  );
  await requests.requestAll(batch); // answered before the event socket is read: the buffer overflows
  await until("the overrun", () => (overruns > 0 ? true : undefined));
  const before = events;
  await requests.request(putAddress(record));
  await until("an event after the overrun", () => (events > before ? true : undefined));
  await requests.request(removeAddress(record));
});

async function neighbour(node: Node, address: IpAddress): Promise<string | undefined> {
  const entries = await connection(node).dump(dumpNeighbours(), ({ payload }) => decodeNeighbour(payload));
  return entries.find((entry) => entry.address === address)?.mac;
}

test("a GARP is on the wire byte for byte, and moves a stale neighbour", async () => {
  const [from, to] = [await card("a"), await card("b")];
  const VIP = ipv4("10.0.9.210");
  await connection("b").request(
    putNeighbour({ index: to.index, address: VIP, mac: STRANGER, state: NUD_STALE, flags: 0 }),
  );
  const ears = closedLater(inside("b", () => openPacket({ etherType: ETH_P_ARP, interfaceIndex: to.index })));
  const heard = new Promise<{ arp: unknown; mac: string }>((resolve) => {
    ears.listen((payload, { mac }) => {
      const arp = decodeArp(payload);
      if (arp.senderIp === VIP) resolve({ arp, mac: Buffer.from(mac).toString("hex") });
    });
  });
  const mouth = closedLater(inside("a", () => openPacket({ etherType: 0 })));
  const mac = from.mac!; // veth has one
  expect(mouth.send(from.index, macBytes(BROADCAST_MAC), ETH_P_ARP, encodeArp(announcement(mac, VIP)))).toBe(
    0,
  );
  expect(await heard).toEqual({
    arp: announcement(mac, VIP),
    mac: Buffer.from(macBytes(mac)).toString("hex"),
  });
  await until("the neighbour to move", async () => ((await neighbour("b", VIP)) === mac ? true : undefined));
});

test("an unsolicited advertisement moves a stale IPv6 neighbour", async () => {
  const [from, to] = [await card("a"), await card("b")];
  const VIP = ipv6("fd00:9::210");
  await connection("a").request(
    putAddress({ index: from.index, address: VIP, prefixLength: 64, scope: 0, flags: IFA_F_NODAD }),
  );
  await connection("b").request(
    putNeighbour({ index: to.index, address: VIP, mac: STRANGER, state: NUD_STALE, flags: 0 }),
  );
  const mouth = closedLater(
    inside("a", () =>
      openIcmp({
        family: "inet6",
        accept: [],
        source: ipBytes(VIP),
        interfaceIndex: from.index,
        hopLimit: 255,
      }),
    ),
  );
  const mac = from.mac!; // veth has one
  const message = encodeNeighbourAdvertisement(unsolicitedAdvertisement(mac, VIP, false));
  expect(mouth.send(message, ipBytes(ipv6("ff02::1")), from.index)).toBe(0);
  await until("the neighbour to move", async () => ((await neighbour("b", VIP)) === mac ? true : undefined));
});

test.each([
  { family: "inet", to: "10.0.9.2", request: 8, reply: 0 },
  { family: "inet6", to: "fd00:9::2", request: 128, reply: 129 },
] as const)("an echo by raw $family socket is answered, other ICMP stays out", async (sample) => {
  const { family, to, request, reply } = sample;
  const socket = closedLater(inside("a", () => openIcmp({ family, accept: [reply] })));
  const seen: { type: number | undefined; from: string; data: string }[] = [];
  socket.listen((message, from) => {
    const data = Buffer.from(message.subarray(8)).toString();
    seen.push({ type: message[0], from: Buffer.from(from).toString("hex"), data });
  });
  const destination = parseIp(to)!; // a literal
  const echo = Uint8Array.from([request, 0, 0, 0, 0x12, 0x34, 0, 1, ...Buffer.from("systole!")]);
  if (family === "inet") new DataView(echo.buffer).setUint16(2, checksum(echo), false);
  expect(socket.send(echo, ipBytes(destination))).toBe(0);
  await until("the reply", () => (seen.length > 0 ? true : undefined));
  expect(seen).toEqual([
    { type: reply, from: Buffer.from(ipBytes(destination)).toString("hex"), data: "systole!" },
  ]);
});

test("multicast crosses by interface index, without any route", async () => {
  const [from, to] = [await card("a"), await card("b")];
  const group = ipBytes(ipv4("239.0.0.77"));
  const multicast = (interfaceIndex: number) => ({ group, interfaceIndex, ttl: 1, loop: false });
  const receive = inside("b", () =>
    openUdp({
      family: "inet",
      port: 7694,
      device: "net",
      reuseAddress: true,
      multicast: multicast(to.index),
    }),
  );
  const send = inside("a", () => openUdp({ family: "inet", port: 0, multicast: multicast(from.index) }));
  const [receiver, sender] = [dgram.createSocket("udp4"), dgram.createSocket("udp4")];
  closedLater(receiver);
  closedLater(sender);
  receiver.bind({ fd: receive, exclusive: true });
  const heard = new Promise<string>((resolve) =>
    receiver.once("message", (bytes) => resolve(bytes.toString())),
  );
  await new Promise<void>((resolve) => void sender.bind({ fd: send, exclusive: true }, resolve));
  sender.send("beat", 7694, "239.0.0.77");
  expect(await heard).toBe("beat");
});

const flow = (n: number): Flow => {
  const [client, server] = [ipv4(`10.8.${n >> 8}.${n & 255}`), ipv4("10.9.0.1")];
  return {
    original: { source: client, destination: server, protocol: 6, sourcePort: 40000, destinationPort: 80 },
    reply: { source: server, destination: client, protocol: 6, sourcePort: 80, destinationPort: 40000 },
    status: 0xe,
    timeoutSeconds: 600,
    mark: 7,
    tcp: { state: 3, flags: { original: 0x0a, reply: 0x0a } },
  };
};

test("flows are added, told as events, listed, changed and removed", async () => {
  const requests = connection("a", NETLINK_NETFILTER);
  const events: string[] = [];
  const groups = [NFNLGRP_CONNTRACK_NEW, NFNLGRP_CONNTRACK_DESTROY];
  listenToEvents(
    netlink("a", { protocol: NETLINK_NETFILTER, groups, receiveBufferBytes: 8 << 20 }),
    (message) => {
      const event = decodeConntrackEvent(message);
      if (event?.subject === "flow") events.push(`${event.kind} ${event.flow.original.source}`);
    },
    () => events.push("overrun"),
  );
  await requests.request(newFlow(flow(1)));
  await expect(requests.request(newFlow(flow(1)))).rejects.toMatchObject({ code: "EEXIST" });
  const [listed] = await requests.dump(dumpFlows({ mark: { value: 7, mask: 0xff } }), flowAnswer);
  expect(listed).toMatchObject({
    ...flow(1),
    status: expect.any(Number),
    timeoutSeconds: expect.any(Number), // it runs down
    tcp: { state: 3, flags: { original: 0x0a } },
  });
  await requests.request(updateFlow({ original: flow(1).original, mark: 9, timeoutSeconds: 600 }));
  expect(await requests.dump(dumpFlows({ mark: { value: 7, mask: 0xff } }), flowAnswer)).toEqual([]);
  await requests.request(deleteFlow(flow(1).original));
  await expect(requests.request(deleteFlow(flow(1).original))).rejects.toMatchObject({ code: "ENOENT" });
  await until("the end of the flow", () => (events.length >= 2 ? true : undefined));
  expect(events).toEqual(["new 10.8.0.1", "destroy 10.8.0.1"]);
});

test("5000 flows at once: every one is written, told and listed", async () => {
  const requests = connection("b", NETLINK_NETFILTER);
  const told = new Set<string>();
  let overruns = 0;
  listenToEvents(
    netlink("b", {
      protocol: NETLINK_NETFILTER,
      groups: [NFNLGRP_CONNTRACK_NEW],
      receiveBufferBytes: 64 << 20,
    }),
    (message) => {
      const event = decodeConntrackEvent(message);
      if (event?.subject === "flow") told.add(event.flow.original.source);
    },
    () => overruns++,
  );
  const outcomes = await requests.requestAll(Array.from({ length: 5000 }, (_, n) => newFlow(flow(n))));
  expect(outcomes.filter((error) => error !== undefined)).toEqual([]);
  expect(await requests.dump(dumpFlows(), flowAnswer)).toHaveLength(5000);
  await until("all events", () => (told.size >= 5000 ? true : undefined));
  expect(overruns).toBe(0);
});
