/** TCP connections on one epoll, to servers of Node on the loopback. */
import net from "node:net";
import { inetSocketAddress, openStreams, type Stream, type Streams } from "@systole/sys";
import { afterEach, beforeEach, expect, test } from "vitest";

const LOOPBACK = Uint8Array.of(127, 0, 0, 1);
const LOOPBACK6 = Uint8Array.of(0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1);

let streams: Streams;
let server: net.Server;
beforeEach(() => {
  streams = openStreams();
});
afterEach(() => {
  streams.close();
  server?.close();
});

const listening = (host: string, serve: (socket: net.Socket) => void): Promise<number> =>
  new Promise((resolve) => {
    server = net.createServer({ allowHalfOpen: true }, (socket) => {
      socket.on("error", () => {});
      serve(socket);
    });
    // It listens on an address and a port, not on a path.
    server.listen(0, host, () => resolve((server.address() as net.AddressInfo).port));
  });

/** What became of one connection, until its end. `act` is called when it is connected. */
function story(address: Uint8Array, port: number, act: (stream: Stream) => void): Promise<string[]> {
  const lines: string[] = [];
  return new Promise((resolve) => {
    const stream = streams.connect(inetSocketAddress(address, port), {
      connected() {
        lines.push("connected");
        act(stream);
      },
      heard: (bytes) => void lines.push(`heard ${bytes.toString()}`),
      ended() {
        lines.push("ended");
        stream.close();
        resolve(lines);
      },
      failed(error) {
        lines.push(`failed ${error.code}`);
        resolve(lines);
      },
    });
  });
}

test.each([
  { host: "127.0.0.1", address: LOOPBACK },
  { host: "::1", address: LOOPBACK6 },
])("$host: says, hears, and hears the end", async ({ host, address }) => {
  const port = await listening(host, (socket) => {
    socket.on("data", (bytes) => socket.end(`you said ${bytes}`));
  });
  const lines = await story(address, port, (stream) => stream.send(Buffer.from("hello")));
  expect(lines).toEqual(["connected", "heard you said hello", "ended"]);
});

test("what is said ends with finish, and the answer to all of it is heard", async () => {
  const port = await listening("127.0.0.1", (socket) => {
    let heard = 0;
    socket.on("data", (bytes) => {
      heard += bytes.length;
    });
    socket.on("end", () => socket.end(`${heard} bytes`));
  });
  const lines = await story(LOOPBACK, port, (stream) => {
    stream.send(Buffer.alloc(20_000_000)); // more than the kernel takes at once
    stream.send(Buffer.from("and more"));
    stream.finish();
  });
  expect(lines).toEqual(["connected", "heard 20000008 bytes", "ended"]);
});

test("a long answer is heard whole, in order", async () => {
  const sent = Buffer.from(Array.from({ length: 500_000 }, (_, index) => `${index} `).join(""));
  const port = await listening("127.0.0.1", (socket) => socket.end(sent));
  const parts: Buffer[] = [];
  await new Promise<void>((resolve) => {
    const stream = streams.connect(inetSocketAddress(LOOPBACK, port), {
      connected() {},
      heard: (bytes) => void parts.push(Buffer.from(bytes)),
      ended() {
        stream.close();
        resolve();
      },
      failed() {},
    });
  });
  expect(Buffer.concat(parts).equals(sent)).toBe(true);
});

test("nobody listens: refused; no such network: told later, not from within connect", async () => {
  const port = await listening("127.0.0.1", () => {});
  await new Promise((resolve) => server.close(resolve));
  expect(await story(LOOPBACK, port, () => {})).toEqual(["failed ECONNREFUSED"]);
  const lines = await story(Uint8Array.of(255, 255, 255, 255), 80, () => {});
  expect(lines).toHaveLength(1);
  expect(lines[0]).toMatch(/^failed E/);
});

test("a reset is told after what was heard before", async () => {
  const port = await listening("127.0.0.1", (socket) => {
    socket.on("data", () => socket.write("last words", () => socket.resetAndDestroy()));
  });
  const lines = await story(LOOPBACK, port, (stream) => stream.send(Buffer.from("x")));
  expect(lines.filter((line) => line !== "heard last words")).toEqual(["connected", "failed ECONNRESET"]);
});

test("after close nothing is told, also not to a new connection with the same descriptor", async () => {
  const port = await listening("127.0.0.1", (socket) => socket.end("late"));
  const silent = { connected() {}, heard() {}, ended() {}, failed() {} };
  const told: string[] = [];
  for (let turn = 0; turn < 50; turn++) {
    const stream = streams.connect(inetSocketAddress(LOOPBACK, port), {
      ...silent,
      heard: () => void told.push("heard"),
    });
    stream.close();
    stream.close();
    stream.send(Buffer.from("nothing"));
  }
  expect(await story(LOOPBACK, port, () => {})).toEqual(["connected", "heard late", "ended"]);
  expect(told).toEqual([]);
});

test("our end of it", async () => {
  let seen: number | undefined;
  const port = await listening("127.0.0.1", (socket) => {
    seen = socket.remotePort;
    socket.end();
  });
  let own: { address: Uint8Array; port: number } | undefined;
  await story(LOOPBACK, port, (stream) => {
    own = stream.local();
  });
  expect(own).toEqual({ address: LOOPBACK, port: seen });
});

test("a thousand at once", async () => {
  const port = await listening("127.0.0.1", (socket) => {
    socket.on("data", (bytes) => socket.end(bytes));
  });
  const all = await Promise.all(
    Array.from({ length: 1000 }, (_, index) =>
      story(LOOPBACK, port, (stream) => stream.send(Buffer.from(`number ${index}`))),
    ),
  );
  expect(all.map((lines) => lines[1])).toEqual(all.map((_, index) => `heard number ${index}`));
});
