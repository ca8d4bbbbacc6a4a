import { expect, test } from "vitest";
import { type Configurations, learn, NOTHING_READ } from "../src/core/configurations.js";

const sha256 = (digit: string) => digit.repeat(64);
const read = (known: Configurations, file: string, digest?: string) =>
  learn(known, "heartbeat", {
    kind: "config.loaded",
    file,
    ...(digest === undefined ? {} : { sha256: digest }),
  });

test("the last digest of each file, by daemon", () => {
  const first = read(
    read(NOTHING_READ, "/etc/ha.d/ha.cf", sha256("a")),
    "/etc/ha.d/haresources",
    sha256("b"),
  );
  expect(first.get("heartbeat")).toEqual({ "ha.cf": "a".repeat(12), haresources: "b".repeat(12) });
  expect(first.get("ldirectord")).toBeUndefined();
  const changed = read(first, "/etc/ha.d/ha.cf", sha256("c"));
  expect(changed.get("heartbeat")).toEqual({ haresources: "b".repeat(12), "ha.cf": "c".repeat(12) });
});

test("a file that became secret has none any more; other facts change nothing", () => {
  const first = read(NOTHING_READ, "/etc/ha.d/ha.cf", sha256("a"));
  expect(read(first, "/etc/ha.d/ha.cf").get("heartbeat")).toEqual({});
  expect(learn(first, "heartbeat", { kind: "daemon.stopping", reason: "SIGTERM" })).toBe(first);
});

test("names without end are bounded", () => {
  let known = NOTHING_READ;
  for (let n = 0; n < 100; n++) known = read(known, `/etc/${n}`, sha256("a"));
  expect(Object.keys(known.get("heartbeat")!)).toHaveLength(8);
});
