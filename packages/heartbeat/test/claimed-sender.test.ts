/** Whose name a datagram bears that failed authentication, on what heartbeat 3.0.6 really sent. */
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { claimedSender } from "../src/wire/claimed-sender.js";
import { type Envelope, openEnvelope, seal } from "../src/wire/datagram.js";
import { bytesOf, string } from "../src/wire/field.js";
import { verify } from "../src/wire/signature.js";
import { scenarios } from "./vectors.js";

const recorded = scenarios();
const senderOf = (fields: readonly (readonly [number, string, string])[]) =>
  fields.find(([, name]) => name === "src")?.[2];

test.each(recorded)("$name: the sender of every datagram, in either framing", ({ datagrams }) => {
  const nodes = [...new Set(datagrams.map(({ from }) => from))];
  for (const { bytes, fields } of datagrams) {
    const claimed = claimedSender(openEnvelope(bytes), nodes);
    const sender = senderOf(fields);
    expect(claimed).toBe(nodes.find((node) => node === sender));
  }
});

test("two real nodes with different keys: no datagram of the other is authentic, each says who it is from", () => {
  const mismatch = recorded.find(({ name }) => name === "07b-auth-mismatch")!; // a vector of the specification
  for (const [own, other] of [
    ["hbn1", "hbn2"],
    ["hbn2", "hbn1"],
  ] as const) {
    const ring = mismatch.ringOf(mismatch.datagrams.find(({ from }) => from === own)!);
    const heard = mismatch.datagrams
      .filter(({ from }) => from === other)
      .map(({ bytes }) => openEnvelope(bytes));
    expect(heard.length).toBeGreaterThan(3);
    expect(heard.some(({ signature, covered }) => verify(ring, signature, covered))).toBe(false);
    expect(new Set(heard.map((envelope) => claimedSender(envelope, [other])))).toEqual(new Set([other]));
  }
});

const key = { index: 1, method: "sha1", key: bytesOf("key") } as const;
const ring = { signing: key, keys: new Map([[1, key]]) };

describe.each(["netstring", "classic"] as const)("in %s framing", (framing) => {
  const envelope = (src: string, before = ""): Envelope =>
    openEnvelope(
      seal(
        [string("t", "status"), string("sygroups", before), string("src", src)],
        { framing, innerAuth: false },
        ring,
      ),
    );

  test.each([
    ["lb2", "lb2"],
    ["lb22", undefined],
    ["xlb2", undefined],
    ["", undefined],
    ["LB2", undefined],
  ])("src=%s", (src, claimed) => expect(claimedSender(envelope(src), ["lb2", "lb3"])).toBe(claimed));

  test("it is looked for in the first 8 KiB only", () => {
    expect(claimedSender(envelope("lb2", "g".repeat(8000)), ["lb2"])).toBe("lb2");
    expect(claimedSender(envelope("lb2", "g".repeat(9000)), ["lb2"])).toBeUndefined();
  });

  test("any bytes give one of the names, or nothing", () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), (covered) => {
        const made: Envelope = { framing, covered, signature: { keyIndex: 1, digest: "0" } };
        expect([undefined, "lb2", "lb3"]).toContain(claimedSender(made, ["lb2", "lb3"]));
      }),
    );
  });
});
