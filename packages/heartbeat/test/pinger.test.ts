import { type IpAddress, parseIp } from "@systole/wire";
import { expect, test } from "vitest";
import { createPinger } from "../src/media/pinger.js";
import { seal } from "../src/wire/datagram.js";
import { bytesOf, string } from "../src/wire/field.js";
import type { Key, KeyRing } from "../src/wire/signature.js";
import { virtualClock } from "./virtual-clock.js";

const ID = 4711;
const ours: Key = { index: 1, method: "sha1", key: bytesOf("ours") };
const theirs: Key = { ...ours, key: bytesOf("theirs") };
const ring = (signing: Key): KeyRing => ({ signing, keys: new Map([[1, signing]]) });
const ip = (text: string): IpAddress => parseIp(text)!;

interface Reply {
  readonly from?: string;
  readonly type?: number;
  readonly id?: number;
  readonly sequence?: number;
  readonly src?: string;
  readonly t?: string;
  readonly key?: Key;
}

/** An echo reply with a message of ours in it, and what is to be wrong with it. */
function reply({ type = 0, id = ID, sequence = 0, src = "10.0.0.1", t = "NS_st", key = ours }: Reply) {
  const fields = [string("t", t), string("st", "ping"), string("src", src), string("ts", "6b0017dc")];
  const data = seal(fields, { framing: "netstring", innerAuth: true }, ring(key));
  const packet = new Uint8Array(8 + data.length);
  const view = new DataView(packet.buffer);
  packet[0] = type;
  view.setUint16(4, id);
  view.setUint16(6, sequence);
  packet.set(data, 8);
  return packet;
}

function heard(packet: Uint8Array, from: string): string[] {
  const answered: string[] = [];
  const pinger = createPinger(
    {
      clock: virtualClock(),
      wallClock: () => 0,
      keys: () => ring(ours),
      answered: (node) => answered.push(node),
      warn: (problem) => answered.push(problem),
    },
    ID,
  );
  pinger.use([
    { kind: "ping", name: "10.0.0.1", hosts: ["10.0.0.1"] },
    { kind: "ping_group", name: "routers", hosts: ["10.0.0.2", "10.0.0.3"] },
    { kind: "ping6", name: "fd00::1", hosts: ["fd00::1"] },
  ]);
  pinger.receive(packet, ip(from));
  return answered;
}

test.each([
  { what: "the host itself", reply: {}, from: "10.0.0.1", answered: ["10.0.0.1"] },
  { what: "any host of a group", reply: { src: "routers" }, from: "10.0.0.3", answered: ["routers"] },
  { what: "an IPv6 host", reply: { src: "fd00::1", type: 129 }, from: "fd00::1", answered: ["fd00::1"] },
  { what: "another host in its name", reply: {}, from: "10.0.0.2", answered: [] },
  { what: "a host that we do not ask", reply: { src: "x" }, from: "10.0.0.1", answered: [] },
  { what: "the ping of another process", reply: { id: 1 }, from: "10.0.0.1", answered: [] },
  { what: "an answer that is too old", reply: { sequence: 65_536 - 128 }, from: "10.0.0.1", answered: [] },
  {
    what: "the oldest that counts",
    reply: { sequence: 65_536 - 127 },
    from: "10.0.0.1",
    answered: ["10.0.0.1"],
  },
  { what: "an answer to what we did not sign", reply: { key: theirs }, from: "10.0.0.1", answered: [] },
  { what: "another message of ours, sent back", reply: { t: "status" }, from: "10.0.0.1", answered: [] },
  { what: "a request", reply: { type: 8 }, from: "10.0.0.1", answered: [] },
])("from $what", ({ reply: wrong, from, answered }) => {
  expect(heard(reply(wrong), from)).toEqual(answered);
});

test("an answer without our data is nothing, however short", () => {
  for (let length = 0; length < 12; length++) {
    const packet = reply({}).slice(0, length);
    expect(heard(packet, "10.0.0.1")).toEqual([]);
  }
});
