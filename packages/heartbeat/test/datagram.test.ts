import { deflateSync } from "node:zlib";
import { DecodeError, toHex } from "@systole/wire";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { encodeClassic } from "../src/wire/classic.js";
import {
  classicBody,
  decodeFields,
  decodeUnsigned,
  frame,
  openEnvelope,
  seal,
} from "../src/wire/datagram.js";
import { binary, bytesOf, type Field, type Fields, string, textOf } from "../src/wire/field.js";
import { encodeNetstring } from "../src/wire/netstring.js";
import { formatSignature, type KeyRing, METHODS, verify } from "../src/wire/signature.js";
import { scenarios } from "./vectors.js";

const all = scenarios();

/** A field as the vector files write it. */
const written = (field: Field): readonly [number, string, string] => {
  if (field.type === "string") return [0, field.name, field.value];
  return field.type === "binary" ? [1, field.name, toHex(field.value)] : [99, field.name, ""];
};

describe("datagrams of heartbeat 3.0.6", () => {
  test("there are 1670 of them in 18 recorded scenarios", () => {
    expect(all.length).toBe(18);
    expect(all.flatMap(({ datagrams }) => datagrams).length).toBe(1670);
  });

  test.each(all)("$name: every one verifies, decodes, and re-encodes to the same bytes", (scenario) => {
    for (const datagram of scenario.datagrams) {
      const envelope = openEnvelope(datagram.bytes);
      expect(envelope.framing).toBe(datagram.format);
      expect(formatSignature(envelope.signature)).toBe(datagram.auth);
      expect(verify(scenario.ringOf(datagram), envelope.signature, envelope.covered)).toBe(true);
      const fields = decodeFields(envelope);
      // The recorder counts the signature line of a classic message as its last field.
      const recorded = datagram.format === "classic" ? datagram.fields.slice(0, -1) : datagram.fields;
      expect(fields.map(written)).toEqual(recorded);
      const again = frame(fields, envelope.framing, () => envelope.signature);
      expect(toHex(again)).toBe(datagram.hex);
    }
  });

  test.each(all)(
    "$name: sealing the fields anew makes the same bytes, inner signature included",
    (scenario) => {
      for (const datagram of scenario.datagrams) {
        const envelope = openEnvelope(datagram.bytes);
        const fields = decodeFields(envelope);
        const own = fields.filter(({ name }) => name !== "auth");
        const { keys } = scenario.ringOf(datagram);
        const ring = { keys, signing: keys.get(envelope.signature.keyIndex)! };
        const innerAuth = datagram.innerAuthValid === true;
        expect(toHex(seal(own, { framing: envelope.framing, innerAuth }, ring))).toBe(datagram.hex);
        if (!innerAuth) continue;
        const [index, digest] = textOf(fields, "auth")!.split(" ");
        expect(verify(ring, { keyIndex: Number(index), digest: digest! }, classicBody(own))).toBe(true);
      }
    },
  );
});

const keys = new Map(
  METHODS.map((method, index) => [index, { index, method, key: bytesOf("a key of ours") }]),
);
const ring: KeyRing = { signing: keys.get(1)!, keys };

const name = fc.stringMatching(/^[a-z_]{1,12}$/);
const byteText = fc.string({
  unit: fc.integer({ min: 32, max: 255 }).map((code) => String.fromCharCode(code)),
});
const leaf: fc.Arbitrary<Field> = fc.oneof(
  fc.record({ type: fc.constant("string" as const), name, value: byteText }),
  fc.record({ type: fc.constant("binary" as const), name, value: fc.uint8Array({ maxLength: 40 }) }),
);
const nested: fc.Arbitrary<Field> = fc.record({
  type: fc.constant("struct" as const),
  name,
  value: fc.array(leaf, { maxLength: 4 }),
});
const deeper: fc.Arbitrary<Field> = fc.record({
  type: fc.constant("struct" as const),
  name,
  value: fc.array(fc.oneof(leaf, nested), { maxLength: 4 }),
});
const message: fc.Arbitrary<Fields> = fc.array(fc.oneof(leaf, nested, deeper), { maxLength: 8 });
const framing = fc.constantFrom("netstring" as const, "classic" as const);

const plain = (fields: Fields): unknown =>
  fields.map((field) => {
    if (field.type === "struct") return [field.name, plain(field.value)];
    return [field.name, field.type === "string" ? field.value : toHex(field.value)];
  });

describe("any message", () => {
  test("comes back as it went, in both framings, with every method", () => {
    fc.assert(
      fc.property(message, framing, fc.constantFrom(...keys.values()), (fields, framing, signing) => {
        const ring = { keys, signing };
        const envelope = openEnvelope(seal(fields, { framing, innerAuth: false }, ring));
        expect(verify(ring, envelope.signature, envelope.covered)).toBe(true);
        expect(plain(decodeFields(envelope))).toEqual(plain(fields));
      }),
    );
  });

  test("with one bit flipped is rejected, whichever bit", () => {
    const good = seal(
      [string("t", "status"), string("src", "lb1")],
      { framing: "netstring", innerAuth: true },
      ring,
    );
    const classic = seal(
      [string("t", "status"), string("src", "lb1")],
      { framing: "classic", innerAuth: false },
      ring,
    );
    for (const datagram of [good, classic]) {
      // The NUL behind a classic message is covered by nothing and ignored.
      const bits = (datagram.at(-1) === 0 ? datagram.length - 1 : datagram.length) * 8;
      for (let bit = 0; bit < bits; bit++) {
        const flipped = Uint8Array.from(datagram);
        flipped[bit >> 3]! ^= 1 << (bit & 7);
        expect(accepted(flipped), `bit ${bit}`).toBe(false);
      }
    }
  });

  test("signed with a key that we do not have, or another key, is rejected", () => {
    const sealing = { framing: "netstring", innerAuth: false } as const;
    const other = bytesOf("other");
    const stranger = { signing: { index: 9, method: "sha1", key: other } as const, keys };
    const liar = { signing: { index: 2, method: "sha1", key: other } as const, keys };
    expect(accepted(seal([string("t", "status")], sealing, stranger))).toBe(false);
    expect(accepted(seal([string("t", "status")], sealing, liar))).toBe(false);
  });
});

function accepted(datagram: Uint8Array): boolean {
  try {
    const envelope = openEnvelope(datagram);
    return verify(ring, envelope.signature, envelope.covered);
  } catch (error) {
    expect(error).toBeInstanceOf(DecodeError);
    return false;
  }
}

test("any bytes either open and decode or raise DecodeError, never another error", () => {
  const random = fc.uint8Array({ maxLength: 200 });
  const tail = bytesOf("%%%\n6:1 abcd,");
  const nearNetstring = random.map((bytes) => Buffer.concat([bytesOf("###\n"), bytes, tail]));
  const nearClassic = random.map((bytes) =>
    Buffer.concat([bytesOf(">>>\n"), bytes, bytesOf("\nauth=1 ab\n<<<\n\0")]),
  );
  fc.assert(
    fc.property(fc.oneof(random, nearNetstring, nearClassic), (bytes) => {
      try {
        decodeFields(openEnvelope(bytes));
      } catch (error) {
        expect(error).toBeInstanceOf(DecodeError);
      }
    }),
  );
});

test.each([
  { what: "a length that lies", body: "###\n5:(0)a=b,%%%\n" },
  { what: "a length with a leading zero", body: "###\n06:(0)a=b,%%%\n" },
  { what: "a field without a type", body: "###\n3:a=b,%%%\n" },
  { what: "bytes behind the end mark", body: "###\n%%%\n%%%\n" },
  { what: "a struct that does not end", body: "###\n10:(2)a=###\nx,%%%\n" },
])("a signed datagram with $what is malformed, not a crash", ({ body }) => {
  const signature = { keyIndex: 1, digest: "00" };
  expect(() => decodeFields({ framing: "netstring", covered: bytesOf(body), signature })).toThrow(
    DecodeError,
  );
});

describe("a compressed message", () => {
  const inner = [string("t", "config"), string("text", "x".repeat(300_000))];
  const wrap = (payload: Uint8Array, method = "zlib"): Fields => [
    binary("_compressed_payload", payload),
    string("_compression_algorithm", method),
  ];
  const read = (fields: Fields): Fields =>
    decodeFields(openEnvelope(seal(fields, { framing: "netstring", innerAuth: false }, ring)));

  test.each([
    { what: "netstring", text: encodeNetstring(inner) },
    { what: "classic", text: `>>>\n${encodeClassic(inner)}<<<\n\0` },
  ])("of zlib is read, its inside in $what framing", ({ text }) => {
    expect(read(wrap(deflateSync(bytesOf(text))))).toEqual(inner);
  });

  test.each([
    { what: "of bz2", fields: wrap(bytesOf("BZh9"), "bz2") },
    { what: "that is broken", fields: wrap(bytesOf("no zlib")) },
    { what: "without a payload", fields: [string("_compression_algorithm", "zlib")] },
    { what: "that would fill the memory", fields: wrap(deflateSync(new Uint8Array(3 * 1024 * 1024))) },
  ])("$what is malformed, not a crash", ({ fields }) => {
    expect(() => read(fields)).toThrow(DecodeError);
  });
});

test("a command of the FIFO is a classic message without signature", () => {
  const fields = decodeUnsigned(">>>\nt=ask_resources\nrsc_hold=all\ninfo=me\n<<<\n");
  expect(fields).toEqual([string("t", "ask_resources"), string("rsc_hold", "all"), string("info", "me")]);
  expect(() => decodeUnsigned("t=ask_resources\n")).toThrow(DecodeError);
});
