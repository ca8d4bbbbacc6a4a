/** Whose pid stands in a pid file: a daemon of this configuration, or whoever got its number afterwards. */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { findRunning, isDaemon } from "../src/shell/process.js";

test.each([
  ["node /usr/lib/systole/ldirectord.mjs start", "ldirectord"],
  [
    "/usr/bin/node --max-semi-space-size=1 /usr/lib/systole/ldirectord.mjs /etc/ha.d/shop.cf start",
    "shop.cf",
  ],
  [
    "systole-node /usr/lib/systole/ldirectord.mjs --foreground --standby /etc/ha.d/ldirectord.cf start",
    "ldirectord.cf",
  ],
  ["/usr/bin/perl -w /usr/sbin/ldirectord start", "ldirectord"],
  ["/usr/bin/perl -w /etc/ha.d/resource.d/ldirectord shop.cf start", "shop.cf"],
  ["perl /usr/sbin/ldirectord -- shop.cf restart more words", "shop.cf"],
])("%s is the daemon of %s", (line, name) => {
  expect(isDaemon(line.split(" "), name)).toBe(true);
});

test.each([
  ["vim /etc/ha.d/ldirectord.cf", "ldirectord"],
  ["tail -f /var/log/ldirectord.log", "ldirectord"],
  ["node /usr/lib/systole/ldirectord.mjs /etc/ha.d/mail.cf start", "shop.cf"],
  ["node /usr/lib/systole/ldirectord.mjs /etc/ha.d/shop.cf start", "ldirectord"],
  ["node /usr/lib/systole/ldirectord.mjs start", "shop.cf"],
  ["node /usr/lib/systole/ldirectord.mjs shop.cf status", "shop.cf"],
  ["node /usr/lib/systole/heartbeat.mjs start", "ldirectord"],
  ["", "ldirectord"],
])("%s is not the daemon of %s", (line, name) => {
  expect(isDaemon(line.split(" "), name)).toBe(false);
});

let folder = "";
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "systole-ldirectord-"));
});
afterAll(() => rmSync(folder, { recursive: true }));

test("a pid that is somebody else's now is a stale pid file", () => {
  const pidFile = join(folder, "ldirectord.shop.cf.pid");
  expect(findRunning({ pidFile, name: "shop.cf" })).toEqual({ kind: "stopped", stale: false });
  writeFileSync(pidFile, `${process.pid}\n`); // this test
  expect(findRunning({ pidFile, name: "shop.cf" })).toEqual({ kind: "stopped", stale: true });
});
