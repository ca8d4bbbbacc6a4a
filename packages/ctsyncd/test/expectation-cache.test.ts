import { parseIp } from "@systole/wire";
import { expect, test } from "vitest";
import { ExpectationCache } from "../src/core/expectation-cache.js";
import { EXP_NEW } from "../src/wire/message.js";
import { connection } from "./pair.js";

/** The data connection that a client of `n` foretold. */
const foretold = (n: number) => ({
  master: connection(1).original,
  tuple: { ...connection(1).original, sourcePort: 0, destinationPort: n },
  mask: { source: parseIp("255.255.255.255")!, destination: parseIp("255.255.255.255")!, protocol: 6 },
  timeoutSeconds: 300,
});

const ports = (cache: ExpectationCache) => cache.all().map(({ tuple }) => tuple.destinationPort);

test("one that an event told while the dump ran stays, though the dump does not list it", () => {
  const cache = new ExpectationCache(10);
  cache.newMark();
  const id = cache.put(foretold(1), 0)!;
  expect(cache.endUnmarked()).toEqual([]);
  expect(cache.messageType(id)).toBe(EXP_NEW);
});

test("one that ended while the dump ran is not brought back by it, even when its end is settled", () => {
  const cache = new ExpectationCache(10);
  const id = cache.put(foretold(1), 0)!;
  cache.newMark();
  cache.end(foretold(1));
  cache.settled(id);
  expect(cache.putDumped(foretold(1), 1)).toBeUndefined();
  expect(ports(cache)).toEqual([]);
});

test("what the dump alone knows comes in, what it does not list goes", () => {
  const cache = new ExpectationCache(10);
  const gone = cache.put(foretold(1), 0)!;
  cache.newMark();
  expect(cache.putDumped(foretold(2), 1)).toBeDefined();
  expect(cache.endUnmarked()).toEqual([gone]);
  expect(ports(cache)).toEqual([2]);
});
