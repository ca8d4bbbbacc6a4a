import {
  AttributeWriter,
  decodeMessages,
  encodeMessage,
  listenToEvents,
  NetlinkConnection,
  NetlinkError,
  type NetlinkMessage,
  type NetlinkRequest,
  NLM_F_DUMP_INTR,
  NLM_F_MULTI,
  NLMSG_DONE,
  NLMSG_ERROR,
} from "@systole/node-netlink";
import { type FakeAnswer, fakeSocket } from "@systole/node-netlink/fake";
import { ByteWriter } from "@systole/wire";
import { expect, test } from "vitest";

const request = (number: number, type = 100): NetlinkRequest => ({
  operation: `do ${number}`,
  type,
  flags: 0,
  payload: Uint8Array.of(number),
});
const firstByte = (message: NetlinkMessage): number | undefined => message.payload[0];

function connected(kernel: (request: NetlinkMessage) => FakeAnswer | undefined) {
  const socket = fakeSocket(kernel);
  return { socket, connection: new NetlinkConnection(socket) };
}

test("a request is answered by the entries before its acknowledgement", async () => {
  const { connection, socket } = connected(({ payload }) => ({ entries: [{ type: 101, payload }] }));
  await expect(connection.request(request(7), firstByte)).resolves.toEqual([7]);
  expect(socket.received[0]).toMatchObject({ type: 100, flags: 0x5, portId: 4711, sequence: 1 });
});

test("a request has left before the call returns", () => {
  const { connection, socket } = connected(() => ({}));
  void connection.request(request(1));
  expect(socket.received).toHaveLength(1);
});

test("a refusal is a NetlinkError with operation and code", async () => {
  const { connection } = connected(() => ({ error: "EEXIST" }));
  const error = await connection.request(request(1)).catch((reason: unknown) => reason);
  expect(error).toBeInstanceOf(NetlinkError);
  expect(error).toMatchObject({ operation: "do 1", code: "EEXIST", kernelMessage: undefined });
  expect((error as Error).message).toBe("do 1: refused by the kernel (EEXIST)"); // instance checked above
});

test("the kernel's own words are in the error", async () => {
  const { connection, socket } = connected(() => undefined);
  const answer = connection.request(request(1));
  const words = new AttributeWriter().text(1, "ipv4: Address already assigned").u32host(2, 24).done();
  const payload = new ByteWriter().i32host(-17).u32host(16).zeros(12).bytes(words).done();
  socket.emit(encodeMessage({ type: NLMSG_ERROR, flags: 0x300, sequence: 1, portId: 4711, payload }));
  await expect(answer).rejects.toThrow("do 1: ipv4: Address already assigned (EEXIST)");
});

test("at most 64 requests wait for their answers; the rest goes when half of them are in", async () => {
  const { connection, socket } = connected(({ payload }) => ({ entries: [{ type: 101, payload }] }));
  const all = Array.from({ length: 200 }, (_, number) => connection.request(request(number), firstByte));
  expect(socket.received).toHaveLength(64);
  expect((await Promise.all(all)).flat()).toEqual(Array.from({ length: 200 }, (_, number) => number));
});

test("many requests travel in few datagrams, in order, each with its own outcome", async () => {
  const { connection, socket } = connected(({ payload }) => (payload[0] === 3 ? { error: "ENOENT" } : {}));
  const outcomes = await connection.requestAll(Array.from({ length: 130 }, (_, number) => request(number)));
  expect(outcomes.map((outcome) => outcome !== undefined).indexOf(true)).toBe(3);
  expect(outcomes.filter((outcome) => outcome !== undefined)).toHaveLength(1);
  expect(socket.received.map(firstByte)).toEqual(Array.from({ length: 130 }, (_, number) => number));
  expect(socket.datagrams).toBeLessThanOrEqual(5);
});

test("a transaction is one datagram between its frames; the first refusal is its outcome", async () => {
  const { connection, socket } = connected(({ payload }) => (payload[0] === 3 ? { error: "ENOENT" } : {}));
  const frame = { begin: request(100), end: request(101) };
  await connection.transact([request(1), request(2)], frame);
  expect(socket.received.map(firstByte)).toEqual([100, 1, 2, 101]);
  expect(socket.datagrams).toBe(1);
  await expect(connection.transact([request(1), request(3)], frame)).rejects.toMatchObject({
    code: "ENOENT",
  });
});

test("a socket that refuses to send is an error of that request", async () => {
  const { connection, socket } = connected(() => ({}));
  socket.close();
  await expect(connection.request(request(1))).rejects.toMatchObject({ code: "EBADF" });
});

test("a dump collects what was decoded and skips what was not", async () => {
  const entries = [1, 2, 3, 4].map((number) => ({ type: 101, payload: Uint8Array.of(number) }));
  const { connection, socket } = connected(() => ({ entries }));
  const even = await connection.dump(request(0), (message) => {
    const number = firstByte(message);
    return number !== undefined && number % 2 === 0 ? number : undefined;
  });
  expect(even).toEqual([2, 4]);
  expect(socket.received[0]).toMatchObject({ flags: 0x301 });
});

test("a dump that the kernel calls interrupted is asked for again, the first answer thrown away", async () => {
  let asked = 0;
  const { connection } = connected(() => {
    asked++;
    const flags = asked < 3 ? NLM_F_DUMP_INTR : 0;
    return { entries: [{ type: 101, payload: Uint8Array.of(asked), flags }] };
  });
  await expect(connection.dump(request(0), firstByte)).resolves.toEqual([3]);
});

test("a table that never holds still is an error after ten attempts", async () => {
  const { connection, socket } = connected(() => ({
    entries: [{ type: 101, payload: Uint8Array.of(1), flags: NLM_F_DUMP_INTR }],
  }));
  await expect(connection.dump(request(0), firstByte)).rejects.toMatchObject({ code: "EINTR" });
  expect(socket.received).toHaveLength(10);
});

test("an error at the end of a dump is an error", async () => {
  const { connection, socket } = connected(() => undefined);
  const answer = connection.dump(request(0), firstByte);
  const payload = new ByteWriter().i32host(-12).done();
  socket.emit(encodeMessage({ type: NLMSG_DONE, flags: NLM_F_MULTI, sequence: 1, portId: 4711, payload }));
  await expect(answer).rejects.toMatchObject({ code: "ENOMEM" });
});

test("one dump at a time; a request passes the dumps that wait", async () => {
  const { connection, socket } = connected(({ type }) => (type === 200 ? undefined : {}));
  const first = connection.dump(request(1, 200), firstByte);
  const second = connection.dump(request(2, 201), firstByte);
  await connection.request(request(3));
  expect(socket.received.map(({ type }) => type)).toEqual([200, 100]);
  const payload = new ByteWriter().i32host(0).done();
  socket.emit(encodeMessage({ type: NLMSG_DONE, flags: NLM_F_MULTI, sequence: 1, portId: 4711, payload }));
  await expect(first).resolves.toEqual([]);
  await expect(second).resolves.toEqual([]);
});

test("an overrun tells those whose answer is lost, and the socket goes on", async () => {
  let mute = true;
  const { connection, socket } = connected(() => (mute ? undefined : {}));
  const lost = connection.request(request(1));
  socket.overrun();
  await expect(lost).rejects.toMatchObject({ code: "ENOBUFS" });
  mute = false;
  await expect(connection.request(request(2))).resolves.toEqual([]);
});

test("a dump during an overrun is asked for again when it has ended", async () => {
  let asked = 0;
  const { connection, socket } = connected(() => {
    asked++;
    return { entries: [{ type: 101, payload: Uint8Array.of(asked) }] };
  });
  const answer = connection.dump(request(0), firstByte);
  socket.overrun();
  await expect(answer).resolves.toEqual([2]);
});

test("a decoder that throws rejects its request and nothing else", async () => {
  const { connection } = connected(({ payload }) => ({ entries: [{ type: 101, payload }] }));
  const bad = connection.request(request(1), () => {
    throw new Error("unreadable");
  });
  const good = connection.request(request(2), firstByte);
  await expect(bad).rejects.toThrow("unreadable");
  await expect(good).resolves.toEqual([2]);
});

test("answers to nobody are ignored: another port, another sequence, no request at all", async () => {
  const { connection, socket } = connected(() => undefined);
  const answer = connection.request(request(1), firstByte);
  const ack = (sequence: number, portId: number) =>
    encodeMessage({
      type: NLMSG_ERROR,
      flags: 0,
      sequence,
      portId,
      payload: new ByteWriter().i32host(0).zeros(16).done(),
    });
  socket.emit(ack(1, 1));
  socket.emit(ack(9, 4711));
  socket.emit(ack(0, 0));
  expect(socket.referenced).toBe(true); // still waiting
  socket.emit(ack(1, 4711));
  await expect(answer).resolves.toEqual([]);
});

test("a datagram that breaks off loses its answer, like an overrun", async () => {
  const { connection, socket } = connected(() => undefined);
  const answer = connection.request(request(1));
  socket.emit(new Uint8Array(7));
  await expect(answer).rejects.toMatchObject({ code: "ENOBUFS" });
});

test("the socket keeps the process alive only while somebody waits", async () => {
  const { connection, socket } = connected(() => ({}));
  expect(socket.referenced).toBe(false);
  const answer = connection.request(request(1));
  expect(socket.referenced).toBe(true);
  await answer;
  expect(socket.referenced).toBe(false);
});

test("close ends everybody who waits, and everybody who comes", async () => {
  const { connection, socket } = connected(() => undefined);
  const waiting = [connection.request(request(1)), connection.dump(request(2), firstByte)];
  connection.close();
  const codes = await Promise.all(waiting.map((answer) => answer.catch((error: NetlinkError) => error.code)));
  expect(codes).toEqual(["ECANCELED", "ECANCELED"]);
  await expect(connection.request(request(3))).rejects.toMatchObject({ code: "ECANCELED" });
  expect(socket.closed).toBe(true);
});

test("events reach the listener, control messages do not, an overrun is told", () => {
  const socket = fakeSocket(() => ({}));
  const seen: number[] = [];
  let overruns = 0;
  const stop = listenToEvents(
    socket,
    ({ type }) => void seen.push(type),
    () => overruns++,
  );
  const event = (type: number) =>
    encodeMessage({ type, flags: 0, sequence: 0, portId: 0, payload: Uint8Array.of(1) });
  socket.emit(event(256));
  socket.emit(event(NLMSG_DONE));
  socket.emit(Uint8Array.from([...event(257), 1, 2, 3])); // whole event, then a torn one
  socket.overrun();
  expect(seen).toEqual([256, 257]);
  expect(overruns).toBe(2);
  stop();
  expect(socket.closed).toBe(true);
});

test("an error of the listener is not swallowed", () => {
  const socket = fakeSocket(() => ({}));
  listenToEvents(
    socket,
    () => {
      throw new Error("mine");
    },
    () => {},
  );
  const event = encodeMessage({ type: 256, flags: 0, sequence: 0, portId: 0, payload: new Uint8Array(0) });
  expect(() => socket.emit(event)).toThrow("mine");
});

test("messages of one datagram are told apart by their lengths", () => {
  const one = { type: 256, flags: 1, sequence: 2, portId: 3, payload: Uint8Array.of(1, 2, 3, 4, 5) };
  const two = { ...one, type: 257, payload: new Uint8Array(0) };
  const both = new ByteWriter().bytes(encodeMessage(one)).bytes(encodeMessage(two)).done();
  expect(decodeMessages(both)).toEqual([one, two]);
});
