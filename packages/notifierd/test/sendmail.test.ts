import { chmodSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { seconds, systemClock } from "@systole/machine";
import { afterEach, beforeEach, expect, test } from "vitest";
import { parseNotifierIni } from "../src/config/notifier-ini.js";
import { deliverBySendmail } from "../src/shell/sendmail.js";
import type { Letter } from "../src/types.js";

let directory: string;
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), "systole-sendmail-"));
});
afterEach(() => rmSync(directory, { recursive: true }));

const letter: Letter = {
  ...{ schemaVersion: 1, id: "1.a", createdAtMs: 0, messageId: "<a@systole.lb2>", from: "systole@lb2" },
  ...{
    subject: "down",
    text: "one\n.\ntwo\n",
    severity: "warning",
    node: "lb2",
    opens: [],
    closes: [],
    events: [],
  },
  deliveries: [{ address: "ops@example.org", state: "waiting", attempts: 0 }],
};

/** A sendmail that keeps what it got and ends as told. */
function sendmail(ending: string): string {
  const path = join(directory, "sendmail");
  writeFileSync(
    path,
    `#!/bin/sh\nprintf '%s\\n' "$@" > ${directory}/args\ncat > ${directory}/message\n${ending}\n`,
  );
  chmodSync(path, 0o755);
  return path;
}

const { smtp } = parseNotifierIni({ path: "notifier.ini", text: "[recipient a@b.c]\n" }).value!;
const send = (program: string, dsn = false) =>
  deliverBySendmail(
    program,
    letter,
    ["ops@example.org", "-oX@example.org"],
    { ...smtp, dsn, timeout: seconds(30) },
    {
      clock: systemClock(),
    },
  );

test("the message comes whole, addresses are no options", async () => {
  expect(await send(sendmail("exit 0"), true)).toMatchObject({ answers: [{ verdict: "delivered" }, {}] });
  expect(readFileSync(join(directory, "args"), "utf8")).toBe(
    "-i\n-f\nsystole@lb2\n-N\nfailure,delay\n--\nops@example.org\n-oX@example.org\n",
  );
  expect(readFileSync(join(directory, "message"), "utf8")).toMatch(/^Subject: down$/m);
});

test.each([
  { ending: "exit 75", verdict: "later" },
  { ending: "echo no such user >&2; exit 67", verdict: "never" },
  { ending: "exit 1", verdict: "later" },
  { ending: "kill -9 $$", verdict: "later" },
])("$ending: $verdict", async ({ ending, verdict }) => {
  expect(await send(sendmail(ending))).toMatchObject({
    type: "answered",
    answers: [{ verdict }, { verdict }],
  });
});

test("that is not there is somebody's mistake", async () => {
  expect(await send("/nonexistent/sendmail")).toMatchObject({ type: "unreachable", alarm: true });
});
