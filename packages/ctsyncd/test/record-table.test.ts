import { hex } from "@systole/wire";
import fc from "fast-check";
import { expect, test } from "vitest";
import { NONE, RecordTable } from "../src/core/record-table.js";
import { AttributeIndex, FLOW_ATTRIBUTES } from "../src/wire/attribute.js";

const attributes = new AttributeIndex(FLOW_ATTRIBUTES);

/** A TCP flow from 10.0.0.1:port, with or without a mark: two sizes of body. */
function body(port: number, mark?: number): Uint8Array {
  const word = (value: number) => value.toString(16).padStart(8, "0");
  return hex(
    `000c0000 0a000001 0a000002 00050002 06000000 00080003 ${port.toString(16).padStart(4, "0")}0050` +
      (mark === undefined ? "" : `00080007 ${word(mark)}`),
  );
}

test("whatever is added, replaced and removed: it holds what a Map would hold", () => {
  const operation = fc.record({
    what: fc.constantFrom("put", "put", "remove"),
    port: fc.integer({ min: 1, max: 300 }),
    mark: fc.option(fc.nat(1000), { nil: undefined }),
  });
  fc.assert(
    fc.property(fc.array(operation, { maxLength: 600 }), (operations) => {
      const table = new RecordTable(1000);
      const model = new Map<number, Uint8Array>();
      for (const { what, port, mark } of operations) {
        const bytes = body(port, mark);
        const id = table.find(attributes.scan(bytes));
        expect(id !== NONE).toBe(model.has(port));
        if (what === "remove") {
          if (id !== NONE) table.remove(id);
          model.delete(port);
        } else {
          if (id === NONE) table.add(attributes, bytes);
          else table.update(id, attributes, false);
          model.set(port, bytes);
        }
      }
      expect(table.size).toBe(model.size);
      for (const [port, bytes] of model) {
        const id = table.find(attributes.scan(body(port)));
        const from = table.from(id);
        expect([...table.memory(id).subarray(from, from + table.length(id))]).toEqual([...bytes]);
      }
      expect([...table.ids()].length).toBe(model.size);
    }),
  );
});

test("beyond its limit it takes none", () => {
  const table = new RecordTable(1);
  expect(table.add(attributes.scan(body(1)), body(1))).not.toBe(NONE);
  expect(table.add(attributes.scan(body(2)), body(2))).toBe(NONE);
});

test("100,000 plain TCP flows need less than 125 bytes each", () => {
  const table = new RecordTable(200_000);
  const bytes = hex(
    "000c0000 0a3c0102 0a3c0202 00080005 0000000e 00050002 06000000 00080003 afc91f90 00050004 03000000 00080006 00069780",
  );
  for (let n = 0; n < 100_000; n++) {
    bytes[4] = n >> 16;
    bytes[6] = n >> 8;
    bytes[7] = n;
    table.add(attributes.scan(bytes), bytes);
  }
  expect(table.size).toBe(100_000);
  expect(table.sizeBytes / table.size).toBeLessThan(125);
});
