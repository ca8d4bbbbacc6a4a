import { milliseconds } from "@systole/machine";
import { DecodeError, toHex } from "@systole/wire";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { Message } from "../src/core/message.js";
import { decodeFields, openEnvelope } from "../src/wire/datagram.js";
import { type Fields, string, textOf } from "../src/wire/field.js";
import { decodeMessage, encodeMessage } from "../src/wire/vocabulary.js";
import { scenarios } from "./vectors.js";

/** Fields that our values do not carry: the load and ttl of the sender, signatures. */
const plain = (fields: Fields): unknown =>
  fields
    .filter(({ name }) => name !== "auth")
    .map((field) => [field.name, field.type === "binary" ? toHex(field.value) : field.value]);

describe("every recorded message", () => {
  test.each(scenarios())(
    "$name: read and said again, it is the same fields in the same order",
    ({ datagrams }) => {
      for (const { bytes } of datagrams) {
        const fields = decodeFields(openEnvelope(bytes));
        const { control, message } = decodeMessage(fields);
        const ofClient = textOf(fields, "from_id") !== undefined;
        if (message.type === "other" || ofClient) continue;
        const load = textOf(fields, "ld") ?? "";
        const ttl = Number(textOf(fields, "ttl"));
        expect(plain(encodeMessage(message, { ...control, load, ttl }))).toEqual(plain(fields));
      }
    },
  );

  test("the types that are read as `other` are those of clients, pings and tools", () => {
    const names = new Set<string>();
    for (const { datagrams } of scenarios()) {
      for (const { bytes } of datagrams) {
        const { message } = decodeMessage(decodeFields(openEnvelope(bytes)));
        if (message.type === "other") names.add(message.name);
      }
    }
    expect([...names].sort()).toEqual([
      "NS_st",
      "addnode",
      "delnode",
      "hbapi-clstat",
      "query-cstatus",
      "respond-cstatus",
      "setsite",
      "setweight",
    ]);
  });
});

const control = {
  dest: undefined,
  destUuid: undefined,
  src: "lb1",
  srcUuid: undefined,
  generation: 7,
  sequence: 0x2a,
  sentAt: 0x6b0015c4,
  load: "0.00 0.00 0.00 1/99 1",
  ttl: 3,
};

test("what our nodes add to a status, word for word", () => {
  const message: Message = {
    type: "status",
    state: "active",
    deadtime: milliseconds(10_000),
    protocol: 1,
    ours: {
      heard: [{ node: "lb2", generation: 0x1f, sequence: 0xa0 }],
      claims: [
        { group: "IPaddr2::192.0.2.10/24/eth0", state: "running" },
        { group: "db", state: "given", to: { node: "lb2", generation: 0x1f } },
      ],
      leaving: true,
      configuration: "0123456789abcdef",
      lease: milliseconds(1000),
    },
  };
  const fields = encodeMessage(message, control);
  expect(fields.slice(0, 9)).toEqual([
    string("t", "status"),
    string("st", "active"),
    string("dt", "2710"),
    string("protocol", "1"),
    string("syheard", "lb2:1f:a0"),
    string("sygroups", "running IPaddr2::192.0.2.10/24/eth0 given:lb2:1f db"),
    string("syflags", "leaving"),
    string("syconf", "0123456789abcdef"),
    string("sylease", "3e8"),
  ]);
  expect(decodeMessage(fields)).toEqual({
    control: { ...control, load: undefined, ttl: undefined },
    message,
  });
});

test.each([
  { what: "no t", fields: [string("src", "a"), string("ts", "1"), string("seq", "1")] },
  { what: "no src", fields: [string("t", "status"), string("ts", "1"), string("seq", "1")] },
  {
    what: "ts of zero",
    fields: [string("t", "x"), string("src", "a"), string("ts", "0"), string("seq", "1")],
  },
  { what: "no seq", fields: [string("t", "x"), string("src", "a"), string("ts", "1")] },
  {
    what: "a seq that is no number",
    fields: [string("t", "x"), string("src", "a"), string("ts", "1"), string("seq", "-1")],
  },
])("a message with $what is refused", ({ fields }) => {
  expect(() => decodeMessage(fields)).toThrow(DecodeError);
});

test("any fields either decode or raise DecodeError, never another error", () => {
  const names = [
    "t",
    "src",
    "ts",
    "seq",
    "hg",
    "dt",
    "st",
    "protocol",
    "rsc_hold",
    "info",
    "ipaddr",
    "nodelist",
  ];
  const types = ["status", "resource", "ask_resources", "NS_rexmit", "NS_ackmsg", "repnodes", "stonith", "x"];
  const field = fc
    .tuple(
      fc.constantFrom(...names, "syheard", "sygroups", "firstseq"),
      fc.oneof(fc.string(), fc.constantFrom(...types)),
    )
    .map(([name, value]) => string(name, value));
  fc.assert(
    fc.property(fc.array(field, { maxLength: 14 }), fc.constantFrom(...types), (random, type) => {
      const fields = [
        string("t", type),
        string("src", "a"),
        string("ts", "1"),
        string("seq", "1"),
        ...random,
      ];
      try {
        decodeMessage(fields);
      } catch (error) {
        expect(error).toBeInstanceOf(DecodeError);
      }
    }),
  );
});
