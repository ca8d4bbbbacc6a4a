import dgram from "node:dgram";
import { mkdtempSync, rmSync } from "node:fs";
import net from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import {
  closeDescriptor,
  descriptorOf,
  errnoName,
  getSocketOption,
  lastArrival,
  openUdp,
  openUnixDatagram,
  peerCredentials,
  SystemError,
  stampArrivals,
} from "@systole/sys";
import { afterAll, beforeAll, expect, test } from "vitest";
import { native } from "../src/native.js";

const LOOPBACK = Uint8Array.of(127, 0, 0, 1);
const LOOPBACK6 = Uint8Array.of(0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1);

let folder = "";
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "systole-sys-"));
});
afterAll(() => rmSync(folder, { recursive: true }));

async function bound(type: "udp4" | "udp6", fd: number): Promise<dgram.Socket> {
  const socket = dgram.createSocket(type);
  await new Promise<void>((resolve) => void socket.bind({ fd, exclusive: true }, () => resolve()));
  return socket;
}

const message = (socket: dgram.Socket): Promise<string> =>
  new Promise((resolve) => void socket.once("message", (bytes) => resolve(bytes.toString())));

test.each([
  { type: "udp4", family: "inet", address: LOOPBACK, text: "127.0.0.1" },
  { type: "udp6", family: "inet6", address: LOOPBACK6, text: "::1" },
] as const)("$type: a prepared descriptor becomes an ordinary socket of dgram", async (sample) => {
  const { type, family, address, text } = sample;
  const fd = openUdp({
    family,
    address,
    port: 0,
    reuseAddress: true,
    broadcast: true,
    tos: 0x10,
    priority: 6,
  });
  const receiver = await bound(type, fd);
  const sender = dgram.createSocket(type);
  const heard = message(receiver);
  sender.send("beat", receiver.address().port, text);
  expect(await heard).toBe("beat");
  sender.close();
  receiver.close();
});

test("options are set before bind: TOS first, so that it does not undo the priority", () => {
  const fd = openUdp({ family: "inet", address: LOOPBACK, port: 0, tos: 0x10, priority: 5, freeBind: true });
  const option = (level: number, name: number) => getSocketOption(fd, level, name, 4)[0];
  expect([option(0, 1), option(1, 12), option(0, 15)]).toEqual([0x10, 5, 1]);
  closeDescriptor(fd);
});

test("multicast on lo: joined by interface index, our own datagrams come back", async () => {
  const group = Uint8Array.of(239, 192, 77, 1);
  const multicast = { group, interfaceIndex: 1, ttl: 1, loop: true };
  const receiver = await bound("udp4", openUdp({ family: "inet", port: 0, multicast }));
  const sender = await bound("udp4", openUdp({ family: "inet", port: 0, multicast }));
  const heard = message(receiver);
  sender.send("beat", receiver.address().port, "239.192.77.1");
  expect(await heard).toBe("beat");
  sender.close();
  receiver.close();
});

test("the kernel's refusal is an error with operation, name and words", () => {
  const fd = openUdp({ family: "inet", address: LOOPBACK, port: 0 });
  const port = new DataView(boundTo(fd).buffer).getUint16(2, false);
  const again = () => openUdp({ family: "inet", address: LOOPBACK, port });
  expect(again).toThrow(SystemError);
  expect(again).toThrow(`bind UDP port ${port}: address already in use (EADDRINUSE)`);
  expect(() => openUdp({ family: "inet", port: 0, device: "nosuch0" })).toThrow(
    /^bind to device nosuch0: .*\(ENODEV\)$/,
  );
  closeDescriptor(fd);
});

/** The sockaddr that the socket is bound to. */
function boundTo(fd: number): Uint8Array<ArrayBuffer> {
  const into = new Uint8Array(16);
  native().getsockname(fd, into);
  return into;
}

test("a failed open leaves no descriptor behind", async () => {
  const { readdirSync } = await import("node:fs");
  const before = readdirSync("/proc/self/fd").length;
  for (let i = 0; i < 20; i++) {
    expect(() => openUdp({ family: "inet", port: 0, device: "nosuch0" })).toThrow();
  }
  // Some come and go beside us, such as sockets of the tests above: not twenty.
  expect(readdirSync("/proc/self/fd").length).toBeLessThan(before + 10);
});

test("arrival times: a datagram that waited tells when it came, not when it was read", async () => {
  const fd = openUdp({ family: "inet", address: LOOPBACK, port: 0 });
  stampArrivals(fd);
  const receiver = await bound("udp4", fd);
  const sender = dgram.createSocket("udp4");
  const { port } = receiver.address();
  const waits: number[] = [];
  // The kernel switches stamping on a little later; a datagram before that counts as come when it was read.
  while (waits.length < 20 && !waits.some((ms) => ms >= STALL_MS - 1)) {
    const read = new Promise<number>((resolve) => {
      receiver.once("message", () => resolve(Date.now() - (lastArrival(fd) ?? 0)));
    });
    await new Promise<void>((resolve) => void sender.send("beat", port, "127.0.0.1", () => resolve()));
    const until = performance.now() + STALL_MS;
    while (performance.now() < until); // the process stalls; the datagram lies in the socket
    waits.push(await read);
  }
  expect(waits.at(-1)).toBeGreaterThanOrEqual(STALL_MS - 1); // Date.now() cuts off the fraction
  expect(waits.at(-1)).toBeLessThan(STALL_MS + 10_000);
  sender.close();
  receiver.close();
});

const STALL_MS = 30;

test("Unix datagrams: whole messages, to a path and to an abstract name", async () => {
  for (const path of [join(folder, "notify"), `@systole-test-${process.pid}`]) {
    const receiver = openUnixDatagram(path);
    const sender = openUnixDatagram();
    const heard = new Promise<string>((resolve) =>
      receiver.listen((datagram) => resolve(Buffer.from(datagram).toString())),
    );
    expect(sender.send(Buffer.from("READY=1\nSTATUS=watching 2 nodes"), path)).toBe(0);
    expect(await heard).toBe("READY=1\nSTATUS=watching 2 nodes");
    receiver.close();
    sender.close();
  }
});

test("a Unix datagram to nobody is an errno, and the next receiver on that path is reached", async () => {
  const path = join(folder, "log");
  const sender = openUnixDatagram();
  expect(errnoName(sender.send(Buffer.from("1"), path))).toBe("ENOENT");
  const receiver = openUnixDatagram(path);
  const heard = new Promise<string>((resolve) =>
    receiver.listen((bytes) => resolve(Buffer.from(bytes).toString())),
  );
  expect(sender.send(Buffer.from("2"), path)).toBe(0);
  expect(await heard).toBe("2");
  receiver.close();
  expect(errnoName(sender.send(Buffer.from("3"), path))).toBe("ENOENT");
  sender.close();
});

test("a path that is too long is refused, not cut", () => {
  const sender = openUnixDatagram();
  expect(() => sender.send(Buffer.from("1"), `/${"x".repeat(107)}`)).toThrow(RangeError);
  sender.close();
});

test("who is at the other end of a Unix stream", async () => {
  const path = join(folder, "control");
  const server = net.createServer();
  await new Promise<void>((resolve) => void server.listen(path, resolve));
  const accepted = new Promise<net.Socket>((resolve) => void server.once("connection", resolve));
  const client = net.connect(path);
  const socket = await accepted;
  const fd = descriptorOf(socket);
  expect(fd).toBeGreaterThan(0);
  expect(peerCredentials(fd ?? -1)).toEqual({
    pid: process.pid,
    uid: process.getuid?.(),
    gid: process.getgid?.(),
  });
  client.destroy();
  socket.destroy();
  await new Promise((resolve) => void server.close(resolve));
  expect(descriptorOf(socket)).toBeUndefined();
});

test("a flood of datagrams leaves timers their turn", async () => {
  const path = join(folder, "flood");
  const receiver = openUnixDatagram(path);
  const sender = openUnixDatagram();
  let [heard, stop] = [0, false];
  receiver.listen(() => {
    heard++;
    if (!stop) sender.send(Buffer.from("again"), path); // there is always one more
  });
  sender.send(Buffer.from("first"), path);
  await new Promise<void>((resolve) => void setTimeout(resolve, 20)); // never, if reading had no bound
  stop = true;
  expect(heard).toBeGreaterThan(0);
  receiver.close();
  sender.close();
});
