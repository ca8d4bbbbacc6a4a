import {
  decodeDestination,
  decodeFamilyId,
  decodeInfo,
  decodeMessages,
  decodeService,
  decodeSyncDaemon,
  decodeTimeouts,
  deleteDestination,
  deleteService,
  deleteSyncDaemon,
  dumpServices,
  dumpSyncDaemons,
  encodeDestination,
  encodeInfo,
  encodeMessage,
  encodeService,
  encodeTimeouts,
  getFamily,
  getInfo,
  IPVS_CMD_NEW_SERVICE,
  type IpvsDestination,
  type IpvsService,
  type IpvsServiceId,
  type IpvsStats,
  type NetlinkRequest,
  newDestination,
  newService,
  newSyncDaemon,
  zeroCounters,
} from "@systole/node-netlink";
import { DecodeError, hex, type IpAddress, isIpv4, parseIp, toHex } from "@systole/wire";
import fc from "fast-check";
import { expect, test } from "vitest";
import { recordedIpvs } from "./vectors.js";

const ip = (text: string): IpAddress => parseIp(text)!; // literals of this test
const WEB: IpvsServiceId = { kind: "address", protocol: 6, address: ip("192.0.2.10"), port: 80 };

test("a service, byte for byte", () => {
  const service: IpvsService = {
    id: WEB,
    scheduler: "wlc",
    flags: 1,
    timeoutSeconds: 300,
    prefixLength: 24,
  };
  expect(toHex(newService(32, service).payload)).toBe(
    "01010000" +
      "54000180" +
      "0600010002000000" + // AF
      "0600020006000000" + // PROTOCOL
      "14000300" +
      "c000020a" +
      "00".repeat(12) + // ADDR
      "0600040000500000" + // PORT, network order
      "08000600776c6300" + // SCHED_NAME wlc
      "0c000700" +
      "01000000ffffffff" + // FLAGS {flags, mask}
      "080008002c010000" + // TIMEOUT
      "08000900ffffff00", // NETMASK, network order
  );
});

test("a firewall mark takes the place of protocol, address and port", () => {
  const id: IpvsServiceId = { kind: "fwmark", family: "inet6", fwmark: 5 };
  expect(toHex(deleteService(32, id).payload)).toBe(
    "03010000" + "14000180" + "060001000a000000" + "0800050005000000",
  );
});

test("a real server to remove is named by family, address and port", () => {
  const request = deleteDestination(32, WEB, { address: ip("10.0.0.11"), port: 8080 });
  expect(
    toHex(request.payload).endsWith(
      `2800028006000b0002000000140001000a00000b${"00".repeat(12)}060002001f900000`,
    ),
  ).toBe(true);
  expect(request.operation).toBe("remove real server 10.0.0.11:8080 from tcp 192.0.2.10:80");
});

/** Every request that ipvsadm made in the recording, made by us. */
const REQUESTS: Readonly<Record<string, (family: number) => NetlinkRequest>> = {
  "--start-daemon master --mcast-interface y --syncid 7": (family) =>
    newSyncDaemon(family, { state: "master", interface: "y", syncId: 7 }),
  "--start-daemon backup --mcast-interface y --syncid 7": (family) =>
    newSyncDaemon(family, { state: "backup", interface: "y", syncId: 7 }),
  "-L --daemon": dumpSyncDaemons,
  "--stop-daemon master": (family) => deleteSyncDaemon(family, "master"),
  "--start-daemon master --mcast-interface y --syncid 9 --sync-maxlen 1400 --mcast-group ff02::81 --mcast-port 9000 --mcast-ttl 3":
    (family) =>
      newSyncDaemon(family, {
        state: "master",
        interface: "y",
        syncId: 9,
        maxLength: 1400,
        group: ip("ff02::81"),
        port: 9000,
        ttl: 3,
      }),
  "--start-daemon backup --mcast-interface y --syncid 9 --mcast-group 239.1.2.3": (family) =>
    newSyncDaemon(family, { state: "backup", interface: "y", syncId: 9, group: ip("239.1.2.3") }),
  "--start-daemon backup --mcast-interface nope": (family) =>
    newSyncDaemon(family, { state: "backup", interface: "nope", syncId: 0 }),
};

test("every request of the recorded ipvsadm is made by us with the same bytes", () => {
  let compared = 0;
  for (const { command, messages } of recordedIpvs().requests) {
    const own = REQUESTS[command.replace("ipvsadm ", "")];
    expect(own, command).toBeDefined();
    for (const message of messages.filter(({ dir }) => dir === "to-kernel")) {
      const recorded = decodeMessages(hex(message.hex))[0]!;
      const made =
        message.nlType === 16 ? getFamily("IPVS") : message.genlCmd === 15 ? getInfo(32) : own!(32);
      const again = encodeMessage({ ...recorded, type: made.type, payload: made.payload });
      expect(toHex(again), command).toBe(message.hex);
      compared++;
    }
  }
  expect(compared).toBeGreaterThan(40);
});

test("every recorded answer decodes: the family's number, version, daemons", () => {
  const answers = recordedIpvs().requests.flatMap(({ messages }) =>
    messages
      .filter(({ dir, nlType }) => dir === "from-kernel" && nlType > 3)
      .flatMap(({ hex: bytes }) => decodeMessages(hex(bytes))),
  );
  const daemons = answers.filter(({ type, payload }) => type === 32 && payload[0] === 9);
  const infos = answers.filter(({ type, payload }) => type === 32 && payload[0] === 14);
  expect(new Set(answers.filter(({ type }) => type === 16).map((answer) => decodeFamilyId(answer)))).toEqual(
    new Set([32]),
  );
  expect(new Set(infos.map(({ payload }) => decodeInfo(payload).version))).toEqual(new Set(["1.2.1"]));
  expect(daemons.map(({ payload }) => decodeSyncDaemon(payload))).toContainEqual({
    state: "master",
    interface: "y",
    syncId: 7,
    maxLength: 1472,
    group: "224.0.0.81",
    port: 8848,
    ttl: 1,
  });
});

test("the requests without a subject", () => {
  expect(toHex(dumpServices(32).payload)).toBe("04010000");
  expect(toHex(zeroCounters(32).payload)).toBe("10010000");
  expect(toHex(encodeTimeouts({ tcpSeconds: 900, udpSeconds: 300 }))).toBe(
    "0c010000" + "0800040084030000" + "080006002c010000",
  );
  expect(decodeTimeouts(encodeTimeouts({ tcpFinSeconds: 120 }))).toEqual({ tcpFinSeconds: 120 });
});

const address = fc
  .oneof(fc.ipV4(), fc.ipV6())
  .map((text) => parseIp(text))
  .filter((parsed): parsed is IpAddress => parsed !== undefined);
const u16 = fc.integer({ min: 0, max: 0xffff });
const u32 = fc.integer({ min: 0, max: 0xffff_ffff });
const u64 = fc.bigInt({ min: 0n, max: 2n ** 64n - 1n });
const stats: fc.Arbitrary<IpvsStats> = fc.record({
  connections: u64,
  inPackets: u64,
  outPackets: u64,
  inBytes: u64,
  outBytes: u64,
  connectionsPerSecond: u64,
  inPacketsPerSecond: u64,
  outPacketsPerSecond: u64,
  inBytesPerSecond: u64,
  outBytesPerSecond: u64,
});
const optional = <T>(arbitrary: fc.Arbitrary<T>) => fc.option(arbitrary, { nil: undefined });

const ids: fc.Arbitrary<IpvsServiceId> = fc.oneof(
  fc.record({
    kind: fc.constant("address" as const),
    protocol: fc.constantFrom(6, 17, 132),
    address,
    port: u16,
  }),
  fc.record({
    kind: fc.constant("fwmark" as const),
    family: fc.constantFrom("inet" as const, "inet6" as const),
    fwmark: fc.integer({ min: 1, max: 0xffff_ffff }),
  }),
);
const services: fc.Arbitrary<IpvsService> = ids.chain((id) =>
  fc.record({
    id: fc.constant(id),
    scheduler: fc.constantFrom("rr", "wlc", "mh"),
    flags: u32,
    timeoutSeconds: u32,
    prefixLength: fc.integer({
      min: 0,
      max: id.kind === "fwmark" ? (id.family === "inet" ? 32 : 128) : isIpv4(id.address) ? 32 : 128,
    }),
    persistenceEngine: optional(fc.constant("sip")),
    stats: optional(stats),
  }),
);
const destinations: fc.Arbitrary<IpvsDestination> = fc.record({
  endpoint: fc.record({ address, port: u16 }),
  forwarding: fc.integer({ min: 0, max: 4 }),
  weight: fc.integer({ min: 0, max: 65535 }),
  upperThreshold: u32,
  lowerThreshold: u32,
  tunnel: optional(fc.record({ type: fc.integer({ min: 0, max: 2 }), port: u16, flags: u16 })),
  connections: fc.record({ active: u32, inactive: u32, persistent: u32 }),
  stats: optional(stats),
});

test("what is said of a service or a real server is understood again", () => {
  fc.assert(
    fc.property(services, (service) => {
      expect(decodeService(encodeService(IPVS_CMD_NEW_SERVICE, service))).toEqual(service);
    }),
  );
  fc.assert(
    fc.property(destinations, (real) => {
      expect(decodeDestination(encodeDestination(real))).toEqual(real);
    }),
  );
});

test("counters of kernels without STATS64 are read from STATS", () => {
  // service nest: AF, PROTOCOL, ADDR, PORT, SCHED_NAME, STATS {CONNS u32 3, INBYTES u64 9}
  const stats32 = "18000a80" + "0800010003000000" + "0c00040009000000" + "00000000";
  const inner =
    "0600010002000000" +
    "0600020006000000" +
    "14000300c000020a" +
    "00".repeat(12) +
    "0600040000500000" +
    "0700060072720000" +
    stats32;
  const length = (inner.length / 2 + 4).toString(16).padStart(2, "0");
  const { stats: read } = decodeService(hex(`01010000${length}000180${inner}`));
  expect(read).toMatchObject({ connections: 3n, inBytes: 9n, outPackets: 0n });
});

test("version numbers are three bytes of one number", () => {
  expect(decodeInfo(encodeInfo({ version: "1.2.1", connectionTableSize: 4096 }))).toEqual({
    version: "1.2.1",
    connectionTableSize: 4096,
  });
});

test.each([
  { name: "service", decode: decodeService as (bytes: Uint8Array) => unknown },
  { name: "real server", decode: (bytes: Uint8Array) => decodeDestination(bytes) },
  { name: "sync daemon", decode: decodeSyncDaemon },
  { name: "info", decode: decodeInfo },
  { name: "timeouts", decode: decodeTimeouts },
])("any bytes, and any damage to real ones, decode as $name or raise DecodeError", ({ decode }) => {
  const real = newDestination(32, WEB, {
    endpoint: { address: ip("10.0.0.11"), port: 80 },
    forwarding: 3,
    weight: 1,
    upperThreshold: 0,
    lowerThreshold: 0,
  }).payload;
  const damaged = fc
    .tuple(fc.nat(real.length - 1), fc.integer({ min: 0, max: 255 }), fc.nat(real.length))
    .map(([at, byte, length]) =>
      Uint8Array.from(real, (old, i) => (i === at ? byte : old)).subarray(0, length),
    );
  fc.assert(
    fc.property(fc.oneof(fc.uint8Array({ maxLength: 96 }), damaged), (bytes) => {
      try {
        decode(bytes);
      } catch (error) {
        expect(error).toBeInstanceOf(DecodeError);
      }
    }),
  );
});
