/** What listens to the cluster and speaks to it beside its decisions: states of clients, weights and sites, event scripts. */
import { chmodSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { systemClock } from "@systole/machine";
import { expect, test } from "vitest";
import type { OtherMessage } from "../src/core/message.js";
import { foreignPrograms } from "../src/resources/foreign-program.js";
import { createClientStates } from "../src/shell/client-states.js";
import type { HeartbeatStatus } from "../src/shell/commands.js";
import { createEventScripts } from "../src/shell/event-scripts.js";
import { type News, newsOf } from "../src/shell/news.js";
import { createNodeAttributes } from "../src/shell/node-attributes.js";
import { LONGEST_WORDS, notifierVerbs, notifierWords } from "../src/shell/notifier-words.js";
import { virtualClock } from "./virtual-clock.js";

const STATUS = {
  node: "lb1",
  nodes: [
    { node: "lb1", state: "active", links: [] },
    { node: "lb2", state: "active", links: [] },
    { node: "lb3", state: "dead", links: [] },
  ],
  pings: [{ node: "192.0.2.1", state: "ping" }],
  media: [],
  ownLinks: [],
  attributes: {},
} as unknown as HeartbeatStatus; // what members are made of

const plain = ({ name, fields }: OtherMessage) => [name, ...fields.map((field) => field.join("="))].join(" ");

function states() {
  const clock = virtualClock();
  const said: string[] = [];
  const made = createClientStates({
    clock,
    node: "lb1",
    status: () => STATUS,
    say: (message, dest) => said.push(`${plain(message)} to ${dest ?? "all"}`),
  });
  return { clock, said, made };
}

test("coming and going of a named client is told to its like; a casual one is nobody's news", () => {
  const { made, said } = states();
  made.joined("63");
  made.joined("ipfail");
  made.left("ipfail");
  made.joined("ipfail");
  expect(said).toEqual([
    "hbapi-clstat st=join from_id=ipfail to_id=ipfail info=signon client_gen=0 to all",
    "hbapi-clstat st=leave from_id=ipfail to_id=ipfail info=disconnect client_gen=0 to all",
    "hbapi-clstat st=join from_id=ipfail to_id=ipfail info=signon client_gen=1 to all",
  ]);
});

test("a node that is alive is asked, in the original's fields; its answer or the limit ends the question", async () => {
  const { made, said, clock } = states();
  const first = made.ask("LB2", "ipfail", 100);
  const second = made.ask("lb2", "ipfail", 100);
  expect(said[0]).toBe("query-cstatus cn=ipfail from_id=systole1 to lb2");
  const fields = [
    ["result", "OK"],
    ["cn", "ipfail"],
    ["to_id", "systole1"],
    ["cs", "online"],
  ] as const;
  made.hear("lb2", { type: "other", name: "respond-cstatus", fields });
  expect(await first).toBe("online");
  await clock.advance(100);
  expect(await second).toBeUndefined();
});

test("others are not asked", async () => {
  const { made, said } = states();
  made.joined("ipfail");
  const asked = ["lb1", "lb3", "192.0.2.1", "nobody"].map((node) => made.ask(node, "ipfail", 100));
  expect(await Promise.all(asked)).toEqual(["online", "offline", "offline", undefined]);
  expect(said.length).toBe(1);
});

test("a question is answered, in the original's fields", () => {
  const { made, said } = states();
  const fields = [
    ["cn", "ipfail"],
    ["from_id", "612"],
  ] as const;
  made.hear("lb2", { type: "other", name: "query-cstatus", fields });
  expect(said).toEqual(["respond-cstatus result=OK cn=ipfail to_id=612 cs=offline to lb2"]);
});

test("weights and sites of members only, and numbers only", () => {
  const attributes = createNodeAttributes((node) => node === "lb1");
  const say = (name: string, ...fields: [string, string][]) =>
    attributes.hear({ type: "other", name, fields });
  say("setweight", ["node", "LB1"], ["weight", "50"]);
  say("setsite", ["node", "lb1"], ["site", "cellar"]);
  say("setweight", ["node", "lb1"], ["weight", "much"]);
  say("setweight", ["node", "stranger"], ["weight", "1"]);
  say("custom", ["node", "lb1"], ["weight", "7"]);
  expect(attributes.all()).toEqual({ lb1: { weight: 50, site: "cellar" } });
});

test("of the core's notes, states and links are news", () => {
  expect(newsOf({ kind: "node-dead", node: "lb2" })).toEqual([{ kind: "node", node: "lb2", state: "dead" }]);
  expect(newsOf({ kind: "node-status", node: "10.0.0.1", state: "ping" })).toEqual([
    { kind: "link", node: "10.0.0.1", link: "10.0.0.1", state: "up" },
    { kind: "node", node: "10.0.0.1", state: "ping" },
  ]);
  expect(newsOf({ kind: "communication-up" })).toEqual([]);
});

test("an event's script runs with its fields, one after the other; without a script, or with a path for a type, nothing does", async () => {
  const folder = mkdtempSync(join(tmpdir(), "events-"));
  const out = join(folder, "out");
  const put = (name: string) => {
    writeFileSync(
      join(folder, name),
      `#!/bin/sh\necho "$0 $1 $HA_t $HA_src $HA_st$HA_foo $HA_OSTATUS" >>${out}\n`,
    );
    chmodSync(join(folder, name), 0o755);
  };
  put("status");
  put("custom");
  const clock = systemClock();
  const hear = createEventScripts({
    clock,
    folder,
    dispatcher: join(folder, "harc"),
    environment: () => ({ PATH: "/usr/bin:/bin" }),
    ownStatus: () => "active",
    printed: () => {},
    warn: () => {},
    runForeign: foreignPrograms({ clock, asUnits: () => false, pipes: folder, refused: () => {} }),
  });
  const message = (name: string): News => ({
    kind: "message",
    from: "lb2",
    message: { type: "other", name, fields: [["foo", "bar"]] },
  });
  try {
    hear({ kind: "node", node: "lb2", state: "dead" });
    hear(message("CUSTOM"));
    hear(message("nosuch"));
    hear(message("../custom"));
    hear(message("custom"));
    const lines = () => readFileSync(out, { encoding: "utf8", flag: "a+" }).trim().split("\n");
    await expect.poll(() => lines().length, { timeout: 20_000 }).toBe(3);
    expect(lines()).toEqual([
      `${folder}/status status status lb2 dead active`,
      `${folder}/custom custom CUSTOM lb2 bar active`,
      `${folder}/custom custom custom lb2 bar active`,
    ]);
  } finally {
    rmSync(folder, { recursive: true });
  }
});

test("notifierd's words are carried to a node of ours that is alive, and for nobody else", () => {
  const said: string[] = [];
  const nodes = [
    { node: "lb1", state: "active", ours: true },
    { node: "lb2", state: "active", ours: true },
    { node: "lb3", state: "dead", ours: true },
    { node: "real", state: "active", ours: false },
  ];
  const { "tell-notifier": verb } = notifierVerbs({
    status: () => ({ node: "lb1", nodes }) as unknown as HeartbeatStatus, // what it reads of a status
    say: (message, dest) => said.push(`${notifierWords(message)} to ${dest}`),
    isNotifier: ({ uid }) => uid === 990,
  });
  const tell = (node: string, text: unknown, uid = 990) => verb!.run({ node, text }, { pid: 1, uid, gid: 1 });
  expect(tell("lb2", "hello")).toBe("told");
  expect(said).toEqual(["hello to lb2"]);
  for (const node of ["lb1", "lb3", "real", "nobody"])
    expect(() => tell(node, "hello")).toThrow(`${node} is no Systole node that is alive`);
  for (const text of ["", "zurück", "two\nlines", "x".repeat(LONGEST_WORDS + 1), 5])
    expect(() => tell("lb2", text)).toThrow(`text: 1 to ${LONGEST_WORDS} printable ASCII characters`);
  expect(() => tell("lb2", "hello", 1000)).toThrow("only for notifierd");
  expect(said).toHaveLength(1);
  const other = {
    type: "other",
    name: "synotify",
    fields: [["text", "x".repeat(LONGEST_WORDS + 1)]],
  } as const;
  expect(notifierWords(other)).toBeUndefined();
  expect(notifierWords({ ...other, name: "custom", fields: [["text", "hello"]] })).toBeUndefined();
});
