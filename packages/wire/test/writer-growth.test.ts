import { ByteWriter } from "@systole/wire";
import { expect, test } from "vitest";

test("a writer grows on every kind of write", () => {
  const writer = new ByteWriter(1);
  writer.u8(1).u8(2).u16be(0x0304).u32be(0x05060708).u16host(0x0a09).u32host(0x0e0d0c0b).i32host(-1);
  writer.u64be(1n).u64host(1n).bytes(Uint8Array.of(7)).zeros(1);
  expect([...writer.done()]).toEqual(
    [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 255, 255, 255, 255].concat([
      0, 0, 0, 0, 0, 0, 0, 1, 1, 0, 0, 0, 0, 0, 0, 0, 7, 0,
    ]),
  );
});
