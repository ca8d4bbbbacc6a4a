/** Passwords and keys: who may have them, and what is said to whom leaves them open. */
import { chmodSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { readSecret } from "../src/shell/secret.js";

let directory: string;
const place = (name: string) => join(directory, name);
const put = (name: string, mode: number) => {
  writeFileSync(place(name), "s3cret\nmore\n");
  chmodSync(place(name), mode);
};

beforeAll(() => {
  directory = mkdtempSync(join(tmpdir(), "systole-secret-"));
  for (const [name, mode] of [
    ["ours", 0o600],
    ["group", 0o640],
    ["world", 0o604],
  ] as const)
    put(name, mode);
  symlinkSync(place("ours"), place("link"));
  writeFileSync(place("long"), "x".repeat(5000), { mode: 0o600 });
  mkdirSync(place("credentials"));
  writeFileSync(place("credentials/smtp-password"), "from systemd\n", { mode: 0o440 });
});
afterAll(() => rmSync(directory, { recursive: true }));

test("the first line of a file that is ours alone", () => expect(readSecret(place("ours"))).toBe("s3cret"));

test.each([
  { name: "group", says: /group can be read by others: chmod 0600 .*group$/ },
  { name: "world", says: /world can be read by others: chmod 0600 / },
  { name: "link", says: /link is a link: name the file itself/ },
  { name: "missing", says: /missing cannot be read \(ENOENT\)/ },
  { name: "long", says: /long is over 4096 bytes: no secret is/ },
])("$name: refused, with the file and what to do", ({ name, says }) =>
  expect(() => readSecret(place(name))).toThrow(says),
);

test("a name without a slash is a credential of systemd, which guards it itself", () => {
  const environment = { CREDENTIALS_DIRECTORY: place("credentials") };
  expect(readSecret("smtp-password", environment)).toBe("from systemd");
  expect(() => readSecret("smtp-password", {})).toThrow("the unit needs LoadCredential=smtp-password:/path");
});
