import type { Fact } from "@systole/bus";
import { ControlError } from "@systole/daemon";
import { describe, expect, test } from "vitest";
import { ctsync } from "../src/resources/ctsync.js";
import { ldirectord } from "../src/resources/ldirectord.js";
import { mailTo } from "../src/resources/mail-to.js";
import type { ResourceSpec } from "../src/resources/resource.js";
import { virtualClock } from "./virtual-clock.js";

const spec = (text: string): ResourceSpec => {
  const [name = "", ...args] = text.split("::");
  return { text, script: name, args };
};
const never = new AbortController().signal;
const unreachable = new ControlError("unreachable", "nobody answers there");

describe("ldirectord", () => {
  test.each([
    { name: "ldirectord", daemon: "ldirectord", config: "ldirectord.cf" },
    { name: "ldirectord::ldirectord.cf", daemon: "ldirectord", config: "ldirectord.cf" },
    { name: "ldirectord::web.cf", daemon: "ldirectord.web.cf", config: "web.cf" },
    { name: "ldirectord::/srv/web.cf", daemon: "ldirectord.web.cf", config: "/srv/web.cf" },
  ])(
    "$name: $daemon is told to become active with its configuration, and passive again",
    async ({ name, daemon: asksFor, config }) => {
      const asked: unknown[] = [];
      const call = async (...[daemon, verb, args]: [string, string, unknown, unknown]) =>
        asked.push([daemon, verb, args]);
      const resource = ldirectord(spec(name), { clock: virtualClock(), call });
      await resource.start(never);
      await resource.stop(never);
      expect(asked).toEqual([
        [asksFor, "activate", { config }],
        [asksFor, "deactivate", { config }],
      ]);
    },
  );

  test("is waited for while it is restarting", async () => {
    const clock = virtualClock();
    let attempts = 0;
    const call = async () => {
      if (++attempts < 4) throw unreachable;
    };
    const started = ldirectord(spec("ldirectord"), { clock, call }).start(never);
    await clock.advance(1000);
    expect(await started).toEqual([]);
    expect(attempts).toBe(4);
  });

  test("whose table the kernel refuses in part is told, and the takeover goes on", async () => {
    const world = {
      clock: virtualClock(),
      call: async () => ({ active: true, problems: ["no such scheduler"] }),
    };
    expect(await ldirectord(spec("ldirectord"), world).start(never)).toEqual([
      "ldirectord: no such scheduler",
    ]);
  });

  test("that refuses is a failure at once; one that is not there is stopped already", async () => {
    const refusing = {
      clock: virtualClock(),
      call: () => Promise.reject(new ControlError("bad-request", "no such file")),
    };
    await expect(ldirectord(spec("ldirectord"), refusing).start(never)).rejects.toThrow("no such file");
    const absent = { clock: virtualClock(), call: () => Promise.reject(unreachable) };
    await ldirectord(spec("ldirectord"), absent).stop(never);
  });
});

describe("ctsyncd", () => {
  test("commits before it becomes active", async () => {
    const asked: string[] = [];
    const call = async (...[, verb]: [string, string, unknown, unknown]) => asked.push(verb);
    expect(await ctsync(spec("ctsyncd"), { call }).start(never)).toEqual([]);
    expect(asked).toEqual(["commit", "activate"]);
  });

  test("that is not done in time is told, and the takeover goes on", async () => {
    const call = async (...[, verb]: [string, string, unknown, unknown]) =>
      verb === "commit" ? { done: false, note: "3 of 9 flows written" } : { done: true };
    expect(await ctsync(spec("ctsyncd"), { call }).start(never)).toEqual(["conntrack: 3 of 9 flows written"]);
  });

  test("that is missing does not stop a takeover", async () => {
    const resource = ctsync(spec("ctsyncd"), { call: () => Promise.reject(unreachable) });
    expect(await resource.start(never)).toEqual(["conntrack: nobody answers there"]);
    await resource.stop(never);
  });
});

describe("MailTo", () => {
  test("publishes a letter when the group comes and when it goes", async () => {
    const letters: Fact[] = [];
    const resource = mailTo(spec("MailTo::ops@example.org::Web"), {
      node: "lb1",
      date: () => "Fri Nov 20 09:38:47 2026",
      publish: (_severity, fact) => letters.push(fact),
    });
    await resource.start(never);
    await resource.stop(never);
    await resource.stop(never);
    expect(letters).toEqual([
      {
        kind: "letter",
        to: ["ops@example.org"],
        subject: "Web Takeover in progress at Fri Nov 20 09:38:47 2026 on lb1",
        text: "Web Takeover in progress at Fri Nov 20 09:38:47 2026 on lb1\n\nCommand line was:\nMailTo ops@example.org Web start\n",
      },
      expect.objectContaining({
        subject: "Web Migrating resource away at Fri Nov 20 09:38:47 2026 from lb1",
      }),
    ]);
  });
});
