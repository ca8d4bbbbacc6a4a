import { existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { openSpool, SpoolError } from "../src/shell/spool.js";
import { readCursors, readEvent, readLetter } from "../src/shell/spool-format.js";
import { eventId, type Letter } from "../src/types.js";
import { dead, serverDown } from "./event.js";

let root: string;
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), "systole-spool-"));
});
afterEach(() => rmSync(root, { recursive: true }));

const letter = (id: string): Letter => ({
  ...{ schemaVersion: 1, id, createdAtMs: 0, messageId: `<${id}>`, from: "f", subject: "s", text: "t" },
  ...{ severity: "info", node: "lb2", opens: [], closes: [], events: ["lb2.heartbeat.b1.1"] },
  deliveries: [{ address: "ops@example.org", state: "waiting", attempts: 0 }],
});

test("events and letters are found again by the next process", () => {
  const spool = openSpool(root);
  spool.putEvent(dead(1));
  spool.putEvent(serverDown(2));
  spool.putLetter(letter("2.b"));
  spool.putLetter(letter("1.a"));
  spool.putCursors({ heartbeat: { boot: "b1", sequence: 7 } });
  spool.removeEvents([eventId(dead(1))]);
  const again = openSpool(root);
  expect(again.events()).toEqual([serverDown(2)]);
  expect(again.letters("cur").map(({ id }) => id)).toEqual(["1.a", "2.b"]);
  expect(again.cursors()).toEqual({ heartbeat: { boot: "b1", sequence: 7 } });
});

test("a settled letter leaves cur, a failed one can come back", () => {
  const spool = openSpool(root);
  for (const id of ["a", "b"]) spool.putLetter(letter(id));
  spool.settle(letter("a"), "done");
  spool.settle(letter("b"), "failed");
  expect([spool.letters("cur"), spool.letters("done").length, spool.letters("failed").length]).toEqual([
    [],
    1,
    1,
  ]);
  spool.revive(letter("b"));
  expect([spool.letters("cur").length, spool.letters("failed")]).toEqual([1, []]);
});

test("only the last 200 delivered letters are kept", () => {
  const spool = openSpool(root);
  for (let i = 0; i < 203; i++) spool.settle(letter(String(1000 + i)), "done");
  const kept = spool.letters("done").map(({ id }) => id);
  expect([kept.length, kept[0]]).toEqual([200, "1003"]);
});

describe("what a crash or a stranger left", () => {
  test("half-written files are removed", () => {
    openSpool(root);
    writeFileSync(join(root, "tmp/x.json"), '{"v":1,');
    openSpool(root);
    expect(readdirSync(join(root, "tmp"))).toEqual([]);
  });

  test("what is not ours is named and left where it is", () => {
    openSpool(root);
    writeFileSync(join(root, "cur/x.json"), "{}");
    const spool = openSpool(root);
    expect(spool.letters("cur")).toEqual([]);
    expect(spool.unreadable).toEqual([join(root, "cur/x.json")]);
    expect(existsSync(join(root, "cur/x.json"))).toBe(true);
  });

  test("a planted link is not followed, neither for reading nor for writing", () => {
    openSpool(root);
    const target = join(root, "target");
    writeFileSync(target, JSON.stringify(dead(1)));
    symlinkSync(target, join(root, "new/a.json"));
    symlinkSync(target, join(root, `tmp/${eventId(serverDown(2))}.json`));
    const spool = openSpool(root);
    expect(spool.events()).toEqual([]);
    symlinkSync(target, join(root, `tmp/${eventId(serverDown(2))}.json`));
    expect(() => spool.putEvent(serverDown(2))).toThrow(SpoolError);
    expect(existsSync(target)).toBe(true);
  });
});

test("an id cannot leave the spool", () => {
  const spool = openSpool(root);
  for (const id of ["../x", "a/b", ".hidden", "", "a\0b"]) {
    expect(() => spool.putLetter(letter(id))).toThrow(SpoolError);
  }
});

test("a spool that cannot be made says why", () => {
  writeFileSync(join(root, "file"), "");
  expect(() => openSpool(join(root, "file/spool"))).toThrow(/open spool .*ENOTDIR/);
  mkdirSync(join(root, "ok"));
  expect(() => openSpool(join(root, "ok"))).not.toThrow();
});

test("any text is read as something of ours or as undefined", () => {
  fc.assert(
    fc.property(fc.oneof(fc.string(), fc.json()), (text) => {
      for (const read of [readEvent, readLetter, readCursors]) expect(() => read(text)).not.toThrow();
    }),
  );
  expect(readEvent(JSON.stringify(dead(1)))).toEqual(dead(1));
  expect(readLetter(JSON.stringify(letter("a")))).toEqual(letter("a"));
});
