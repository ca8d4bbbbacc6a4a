/** What the peer knows of our flows, by samples. */
import fc from "fast-check";
import { expect, test } from "vitest";
import { decodeProbes, decodeResult, encodeSample, SAMPLE_SIZE } from "../src/wire/sample.js";
import { A, B, connection, Pair } from "./pair.js";

const kinds = (pair: Pair) =>
  pair.a.reports.map(({ kind }) => kind).filter((kind) => kind.startsWith("coverage"));

/** Twenty flows, and ten seconds for a sample or two. */
function told(): Pair {
  const pair = new Pair();
  pair.run(2000);
  for (let n = 0; n < 20; n++) pair.a.kernel.traffic(connection(n));
  pair.run(10_000);
  return pair;
}

test("a peer of ours that has everything: every sample is equal", () => {
  const pair = told();
  const { asked, equal, missing } = pair.a.session.coverage.of(B)!;
  expect({ equal, missing }).toEqual({ equal: asked, missing: 0 });
  expect(asked).toBeGreaterThanOrEqual(20);
  expect(kinds(pair)).toEqual([]);
});

test("a peer that forgot everything lacks everything, which is told once; when it has it again, that is told", () => {
  const pair = told();
  pair.b.command({ verb: "flush", cache: "peer" });
  pair.run(20_000);
  expect(kinds(pair)).toEqual(["coverage-low"]);
  expect(pair.a.session.coverage.of(B)!.missing).toBeGreaterThanOrEqual(40);
  pair.b.command({ verb: "request-resync" });
  pair.run(60_000);
  expect(kinds(pair)).toEqual(["coverage-low", "coverage-whole"]);
});

test("a flow whose changes were lost on the way is found to differ", () => {
  const pair = new Pair({ mode: "notrack" });
  pair.run(2000);
  pair.a.kernel.traffic(connection(1, 1));
  pair.run(1000);
  pair.loses = (from) => from === A;
  pair.a.kernel.traffic(connection(1, 3));
  pair.run(500);
  pair.loses = () => false;
  pair.run(10_000);
  expect(pair.a.session.coverage.of(B)).toMatchObject({ equal: 0, missing: 0 });
  expect(kinds(pair)).toEqual(["coverage-low"]);
});

test("a peer that does not answer is greeted three times and never asked", () => {
  const pair = new Pair();
  const ours = (datagram: Uint8Array) => datagram[0]! >> 4 === 2;
  let sent = 0;
  pair.loses = (from, datagram) => {
    if (from === A && ours(datagram)) sent += 1;
    return ours(datagram); // as conntrackd, which skips them
  };
  pair.run(2000);
  for (let n = 0; n < 20; n++) pair.a.kernel.traffic(connection(n));
  pair.run(120_000);
  expect(sent).toBe(3);
  expect(pair.a.session.coverage.of(B)).toBeUndefined();
});

test("any bytes as questions and answers: no more than was asked for, and no error", () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 1400 }), (bytes) => {
      expect(decodeProbes(bytes, 0, bytes.length).length).toBeLessThanOrEqual(SAMPLE_SIZE);
      const result = decodeResult(bytes, 0, bytes.length);
      if (result !== undefined) expect(result.equal + result.missing).toBeLessThanOrEqual(result.asked);
    }),
  );
  const probes = [{ hash: 1, digest: 0xffff_ffff }];
  const message = encodeSample(7, probes);
  expect(decodeProbes(message, 8, message.length)).toEqual(probes);
});
