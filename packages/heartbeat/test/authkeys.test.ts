import { headline } from "@systole/config";
import { expect, test } from "vitest";
import { keyFileModeProblem, parseAuthkeys } from "../src/config/authkeys.js";

const parse = (text: string) => parseAuthkeys({ path: "authkeys", text });
const secret = new TextEncoder().encode("ultramonkey");

test("the classic file", () => {
  const { value, diagnostics } = parse("auth 2\n2 sha1 ultramonkey\n");
  expect(diagnostics).toEqual([]);
  expect(value?.signing).toEqual({ index: 2, method: "sha1", key: secret });
});

test("several keys: auth selects the one that signs, in any order of lines", () => {
  const { value } = parse("# rotate\n1 md5 old\n\n2 sha256 ultramonkey trailing words\nauth 2\n");
  expect(value?.signing).toEqual({ index: 2, method: "sha256", key: secret });
  expect([...value!.keys.keys()]).toEqual([1, 2]);
});

test("a # inside a key belongs to the key", () => {
  expect(parse("auth 1\n1 sha1 a#b\n").value?.signing.key).toEqual(new TextEncoder().encode("a#b"));
});

test("all mistakes in one run, and no key in any message", () => {
  const { value, diagnostics } = parse(
    "auth\n1 sha2 hunter2\n2 sha1\n3 crc hunter2\n16 md5 hunter2\nauht 1\n",
  );
  expect(value).toBeUndefined();
  expect(diagnostics.map(headline)).toEqual([
    "authkeys:1:1: error: auth takes the number of a key, 0 to 15 [bad-auth]",
    'authkeys:2:3: error: "sha2" is not a method of authentication [unknown-method]',
    "authkeys:3:3: error: sha1 needs a key [no-key]",
    "authkeys:4:7: error: crc takes no key: it authenticates nothing [key-forbidden]",
    'authkeys:5:1: error: "16" is not the number of a key, 0 to 15 [bad-key-line]',
    'authkeys:6:1: error: "auht" is not the number of a key, 0 to 15 [bad-key-line]',
    "authkeys: error: no auth line says which key signs [no-auth]",
  ]);
});

test("auth must name a key of the file", () => {
  expect(parse("auth 3\n1 sha1 x\n").diagnostics.map((each) => [each.code, each.hint])).toEqual([
    ["unknown-key", "keys of this file: 1"],
  ]);
});

test("crc is accepted with a warning", () => {
  const { value, diagnostics } = parse("auth 1\n1 crc\n");
  expect(value?.signing).toEqual({ index: 1, method: "crc", key: undefined });
  expect(diagnostics.map((each) => each.code)).toEqual(["crc"]);
});

test.each([
  [0o600, undefined],
  [0o400, undefined],
  [0o700, undefined],
  [0o640, "bad permissions 0640: others can read or write the keys"],
  [0o604, "bad permissions 0604: others can read or write the keys"],
  [0o602, "bad permissions 0602: others can read or write the keys"],
])("mode %o: %s", (mode, message) => expect(keyFileModeProblem("authkeys", mode)?.message).toBe(message));
