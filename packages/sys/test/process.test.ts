import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { errnoName, readFifo, SystemError } from "@systole/sys";
import { expect, test } from "vitest";
import { programText } from "../src/realtime.js";
import {
  inetSocketAddress,
  linkSocketAddress,
  netlinkSocketAddress,
  unixSocketAddress,
} from "../src/socket-address.js";

const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString("hex");

test("socket addresses, byte for byte", () => {
  expect(hex(inetSocketAddress(Uint8Array.of(192, 0, 2, 10), 694))).toBe("020002b6c000020a0000000000000000");
  const linkLocal = new Uint8Array(16);
  linkLocal.set([0xff, 0x02], 0);
  linkLocal[15] = 1;
  expect(hex(inetSocketAddress(linkLocal, 0, 3))).toBe(
    "0a000000" + "00000000" + "ff020000000000000000000000000001" + "03000000",
  );
  expect(hex(netlinkSocketAddress(4711))).toBe("100000006712000000000000");
  expect(hex(linkSocketAddress(0x0806, 2, new Uint8Array(6).fill(0xff)))).toBe(
    "11000806" + "02000000" + "0100" + "00" + "06" + "ffffffffffff0000",
  );
  expect(hex(unixSocketAddress("/a"))).toBe("01002f6100");
  expect(hex(unixSocketAddress("@a"))).toBe("01000061");
});

test.each([0, 3, 5, 17])("%i bytes are no address", (length) => {
  expect(() => inetSocketAddress(new Uint8Array(length), 1)).toThrow(RangeError);
});

test("program text is what is mapped from files, readable and not writable", () => {
  const maps = [
    "55d0c0000000-55d0c0001000 r--p 00000000 fe:01 1234    /usr/bin/node",
    "55d0c0001000-55d0c0003000 r-xp 00001000 fe:01 1234    /usr/bin/node with blanks",
    "55d0c0003000-55d0c0004000 rw-p 00003000 fe:01 1234    /usr/bin/node",
    "55d0c0004000-55d0c0005000 ---p 00000000 fe:01 1234    /usr/bin/node",
    "7f0000000000-7f0000001000 r--p 00000000 00:00 0 ",
    "7ffd00000000-7ffd00001000 r-xp 00000000 00:00 0       [vdso]",
  ].join("\n");
  expect(programText(maps)).toEqual([
    { address: 0x55d0c0000000, lengthBytes: 0x1000 },
    { address: 0x55d0c0001000, lengthBytes: 0x2000 },
  ]);
});

test("errors have the kernel's name and Node's words", () => {
  expect(errnoName(-17)).toBe("EEXIST");
  expect(errnoName(105)).toBe("ENOBUFS");
  expect(errnoName(999)).toBe("E999");
  const error = new SystemError("bind", -98);
  expect(error).toMatchObject({ operation: "bind", code: "EADDRINUSE", errno: 98, name: "SystemError" });
  expect(error.message).toBe("bind: address already in use (EADDRINUSE)");
});

test("a FIFO gives what writers said one after the other, and at the end what nobody had read yet", async () => {
  const folder = mkdtempSync(join(tmpdir(), "systole-fifo-"));
  const path = join(folder, "fifo");
  spawnSync("mkfifo", [path]);
  let heard = "";
  let wake = () => {};
  const reader = readFifo(path, (bytes) => {
    heard += Buffer.from(bytes).toString();
    wake();
  });
  const say = (word: string) => spawnSync("sh", ["-c", `echo ${word} >${path}`]);
  const came = new Promise<void>((resolve) => {
    wake = resolve;
  });
  say("one");
  await came;
  expect(heard).toBe("one\n");
  say("two");
  reader.end();
  reader.end();
  expect(heard).toBe("one\ntwo\n");
  rmSync(folder, { recursive: true });
  expect(() => readFifo(path, () => {})).toThrow("ENOENT");
});
