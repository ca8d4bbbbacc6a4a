import { chmodSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { loadedFact } from "../src/loaded-fact.js";

let directory: string;
let file: string;
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), "systole-loaded-"));
  file = join(directory, "ha.cf");
  writeFileSync(file, "keepalive 200ms\n", { mode: 0o644 });
});
afterEach(() => rmSync(directory, { recursive: true }));

test("the digest is sha256sum's", () => {
  const sha256 = "de5408f84e6b32c89f10d7f7c6581a3151fe7e5d1d7d6fee3b8ca01ec3e9bd68";
  expect(loadedFact(file)).toEqual({ kind: "config.loaded", file, sha256 });
});

test("a file that not everybody may read has none", () => {
  for (const mode of [0o600, 0o640]) {
    chmodSync(file, mode);
    expect(loadedFact(file)).toEqual({ kind: "config.loaded", file });
  }
});

test("a file that vanished was read all the same", () => {
  const gone = join(directory, "gone");
  expect(loadedFact(gone)).toEqual({ kind: "config.loaded", file: gone });
});
