import { milliseconds } from "@systole/machine";
import { toHex } from "@systole/wire";
import { describe, expect, test } from "vitest";
import type { CoreAction } from "../src/core/action.js";
import { createDropLog } from "../src/shell/drop-log.js";
import { createOtherKeys } from "../src/shell/other-keys.js";
import { createPeerFraming } from "../src/shell/peer-framing.js";
import { createReceiver } from "../src/shell/receiver.js";
import { createTransmitter } from "../src/shell/transmitter.js";
import { type Framing, openEnvelope, seal } from "../src/wire/datagram.js";
import { bytesOf, string } from "../src/wire/field.js";
import { type Key, type KeyRing, verify } from "../src/wire/signature.js";
import { virtualClock } from "./virtual-clock.js";

const key = { index: 1, method: "sha1", key: bytesOf("ours") } as const;
const ring: KeyRing = { signing: key, keys: new Map([[1, key]]) };
const uuid = (last: number): Uint8Array => Uint8Array.from({ length: 16 }, (_, at) => (at === 15 ? last : 0));

function sender(
  node: string,
  ownUuid: Uint8Array,
  world: { keys: KeyRing; framing: Framing } = { keys: ring, framing: "netstring" },
) {
  const out: Uint8Array[] = [];
  const transmitter = createTransmitter({
    node,
    uuid: ownUuid,
    keys: () => world.keys,
    framing: () => world.framing,
    ttl: () => 3,
    innerAuth: () => true,
    uuidOf: () => undefined,
    wallClock: () => 1_795_167_684_000,
    load: () => "0.00 0.00 0.00 1/99 1",
    out: (datagram) => out.push(datagram),
  });
  return { out, transmitter };
}

function receiver(keys = ring) {
  const accepted: unknown[] = [];
  const dropped: string[] = [];
  const logged: string[] = [];
  const otherKeys: string[] = [];
  const clock = virtualClock();
  const peerFraming = createPeerFraming();
  const { unauthentic } = createOtherKeys({
    ...{ clock, local: "lb1" },
    settings: () => ({ nodes: ["lb1", "lb2"], keepalive: milliseconds(1000) }),
    feed: ({ node, medium }) => otherKeys.push(`${clock.now()} ${node} on ${medium}`),
  });
  const made = createReceiver({
    local: "lb1",
    localUuid: uuid(1),
    keys: () => keys,
    nodes: () => ["lb1", "lb2"],
    accept: (event) => accepted.push(event),
    heard: peerFraming.heard,
    heardSelf: () => {},
    unauthentic,
    drop: (why, problem, medium) => dropped.push(`${why} on ${medium}: ${problem}`),
    log: (line) => logged.push(line),
  });
  const receive = (datagram: Uint8Array, medium: string) => made.receive(datagram, medium);
  return {
    accepted,
    dropped,
    logged,
    otherKeys,
    clock,
    receive,
    wanted: peerFraming.wanted,
    uuidOf: (name: string) => made.uuidOf(name),
  };
}

const status = (sequence: number, generation = 7): Extract<CoreAction, { type: "send" }> => ({
  type: "send",
  generation,
  sequence,
  message: { type: "status", state: "active", deadtime: milliseconds(10_000), protocol: 1 },
});

describe("what is sent", () => {
  test("is received as the same message, from the node that sent it", () => {
    const { out, transmitter } = sender("lb2", uuid(2));
    const { accepted, dropped, receive, uuidOf } = receiver();
    transmitter.send({ ...status(42), dest: "lb1" });
    receive(out[0]!, "eth1");
    expect(dropped).toEqual([]);
    expect(accepted).toEqual([
      {
        type: "message",
        medium: "eth1",
        header: { from: "lb2", generation: 7, sequence: 42, dest: "lb1" },
        message: { type: "status", state: "active", deadtime: 10_000, protocol: 1 },
      },
    ]);
    expect(toHex(uuidOf("lb2")!)).toBe(toHex(uuid(2)));
  });

  test("is sent again byte for byte, as long as it is one of the last 500 of this life", () => {
    const { out, transmitter } = sender("lb2", uuid(2));
    for (let sequence = 1; sequence <= 501; sequence++) transmitter.send(status(sequence));
    const first = out.length;
    transmitter.resend(1);
    expect(out.length).toBe(first);
    transmitter.resend(2);
    expect(toHex(out.at(-1)!)).toBe(toHex(out[1]!));
    transmitter.send(status(1, 8));
    transmitter.resend(2);
    expect(out.length).toBe(first + 2);
  });

  test("is sealed anew when it is sent again and the key has changed", () => {
    const second = { index: 2, method: "sha1", key: bytesOf("next") } as const;
    const world = { keys: ring, framing: "netstring" as Framing };
    const { out, transmitter } = sender("lb2", uuid(2), world);
    transmitter.send(status(1));
    world.keys = { signing: second, keys: new Map([[2, second]]) };
    world.framing = "classic";
    transmitter.resend(1);
    const again = openEnvelope(out[1]!);
    expect([again.framing, again.signature.keyIndex]).toEqual(["classic", 2]);
    expect(verify(world.keys, again.signature, again.covered)).toBe(true);
  });

  test("carries an inner signature for old tools", () => {
    const { out, transmitter } = sender("lb2", uuid(2));
    transmitter.send(status(1));
    expect(Buffer.from(openEnvelope(out[0]!).covered).toString("latin1")).toMatch(
      /\(0\)auth=1 [0-9a-f]{40},%%%\n$/,
    );
  });
});

describe("the framing that is wanted", () => {
  const second = { index: 2, method: "sha1", key: bytesOf("next") } as const;
  const both: KeyRing = {
    signing: key,
    keys: new Map<number, Key>([
      [1, key],
      [2, second],
    ]),
  };
  const ours = { heard: [], claims: [], leaving: false };

  test.each([
    { what: "nobody was heard", said: [], wanted: "netstring" },
    { what: "a real node sends netstring with our key", said: [{ signing: key }], wanted: "netstring" },
    { what: "a real node sends classic", said: [{ signing: key, framing: "classic" }], wanted: "classic" },
    { what: "a real node signs with another key", said: [{ signing: second }], wanted: "classic" },
    {
      what: "a real node signs with our key again",
      said: [{ signing: second }, { signing: key }],
      wanted: "netstring",
    },
    {
      what: "one of ours sends anything",
      said: [{ signing: second, framing: "classic", ours }],
      wanted: "netstring",
    },
  ] as const)("when $what: $wanted", ({ said, wanted }) => {
    const peer = receiver(both);
    for (const [sequence, one] of said.entries()) {
      const world = { keys: { ...both, signing: one.signing }, framing: "netstring" as Framing, ...one };
      const { out, transmitter } = sender("lb2", uuid(2), world);
      const { message, ...rest } = status(sequence + 1);
      const own = "ours" in one ? { ours: one.ours } : {};
      transmitter.send({ ...rest, message: { ...message, ...own } as typeof message });
      peer.receive(out[0]!, "eth1");
    }
    expect(peer.dropped).toEqual([]);
    expect(peer.wanted(both)).toBe(wanted);
  });
});

describe("what is dropped", () => {
  test.each([
    {
      what: "a datagram with another key",
      datagram: () => {
        const other = { index: 1, method: "sha1", key: bytesOf("theirs") } as const;
        const { out, transmitter } = sender("lb2", uuid(2), {
          keys: { signing: other, keys: new Map() },
          framing: "netstring",
        });
        transmitter.send(status(1));
        return out[0]!;
      },
      why: "unauthentic on eth1: signature of key 1 is wrong",
    },
    {
      what: "noise",
      datagram: () => bytesOf("hello\n"),
      why: "malformed on eth1: heartbeat datagram: begins with neither ### nor >>> at byte 0",
    },
    {
      what: "an authentic datagram without what every message has",
      datagram: () => seal([string("t", "status")], { framing: "netstring", innerAuth: false }, ring),
      why: "malformed on eth1: heartbeat message: has no ts at byte 0",
    },
    {
      what: "a node that is not in ha.cf, its name made harmless",
      datagram: () => {
        const { out, transmitter } = sender("evil\n\u001b[31m", uuid(9));
        transmitter.send(status(1));
        return out[0]!;
      },
      why: "unknown-node on eth1: bad node [evil??[31m] in message",
    },
  ])("$what", ({ datagram, why }) => {
    const { accepted, dropped, receive } = receiver();
    receive(datagram(), "eth1");
    expect([accepted, dropped]).toEqual([[], [why]]);
  });

  test("is told five times at once, then once a minute with its number", async () => {
    const clock = virtualClock();
    const lines: string[] = [];
    const log = createDropLog(clock, (line) => lines.push(line));
    for (let time = 0; time < 100; time++) log.dropped("malformed", "noise", "eth1");
    expect(lines.length).toBe(5);
    await clock.advance(61_000);
    log.dropped("malformed", "noise", "eth1");
    expect(lines.at(-1)).toBe("dropped a datagram on eth1: noise (96 since the last such line)");
    expect(log.totals()).toEqual({ malformed: 101 });
  });
});

describe("a datagram with another key", () => {
  const theirs = { index: 1, method: "sha1", key: bytesOf("theirs") } as const;
  const strange = (name: string, id: number, framing: Framing = "netstring") => {
    const keys = { signing: theirs, keys: new Map([[1, theirs]]) };
    const { out, transmitter } = sender(name, uuid(id), { keys, framing });
    transmitter.send(status(1));
    return out[0]!;
  };

  test.each(["netstring", "classic"] as const)(
    "tells whose name it bears, and nothing else: %s",
    (framing) => {
      const { accepted, otherKeys, receive, uuidOf } = receiver();
      receive(strange("lb2", 2, framing), "eth1");
      expect([accepted, otherKeys, uuidOf("lb2")]).toEqual([[], ["0 lb2 on eth1"], undefined]);
    },
  );

  test("in the name of this node or of a node that is not in ha.cf tells nothing", () => {
    const { otherKeys, receive } = receiver();
    for (const name of ["lb1", "lb22", "b2", "evil"]) receive(strange(name, 2), "eth1");
    expect(otherKeys).toEqual([]);
  });

  test("is none while keys are rotated: each key of authkeys is good", () => {
    const { accepted, otherKeys, receive } = receiver({
      ...ring,
      keys: new Map([
        [1, key],
        [2, { ...theirs, index: 2 }],
      ]),
    });
    const second = { ...theirs, index: 2 };
    const { out, transmitter } = sender("lb2", uuid(2), {
      keys: { signing: second, keys: new Map([[2, second]]) },
      framing: "netstring",
    });
    transmitter.send(status(1));
    receive(out[0]!, "eth1");
    expect([accepted.length, otherKeys]).toEqual([1, []]);
  });

  test("tells it no more than twice a keepalive, however many come", async () => {
    const { otherKeys, receive, clock } = receiver();
    const datagram = strange("lb2", 2);
    for (let ms = 0; ms <= 1000; ms += 10) {
      receive(datagram, "eth1");
      await clock.advance(10);
    }
    expect(otherKeys).toEqual(["0 lb2 on eth1", "500 lb2 on eth1", "1000 lb2 on eth1"]);
  });
});

test("a node is known by its uuid first: one that was renamed is still itself, a new uuid is told", () => {
  const { accepted, logged, receive } = receiver();
  const heard = (name: string, id: Uint8Array) => {
    const { out, transmitter } = sender(name, id);
    transmitter.send(status(1));
    receive(out[0]!, "eth1");
  };
  heard("lb2", uuid(2));
  heard("renamed", uuid(2));
  heard("LB2", uuid(3));
  expect(accepted.length).toBe(3);
  expect(logged).toEqual([`node lb2 changed its uuid from ${toHex(uuid(2))} to ${toHex(uuid(3))}`]);
});
