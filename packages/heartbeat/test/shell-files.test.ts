import { chmodSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { milliseconds } from "@systole/machine";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import type { ClusterState } from "../src/core/state.js";
import { readConfiguration } from "../src/shell/configuration.js";
import { scriptEnvironment } from "../src/shell/environment.js";
import { readGeneration, storeGeneration } from "../src/shell/generation-file.js";
import { createHeardKeeper, readHeard } from "../src/shell/heard-file.js";
import { openLastWord, readLastWord } from "../src/shell/last-word.js";
import { prepareRsctmp } from "../src/shell/rsctmp.js";
import { loadUuid } from "../src/shell/uuid-file.js";
import { virtualClock } from "./virtual-clock.js";

let folder = "";
const file = (name: string) => join(folder, name);
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "systole-heartbeat-"));
});
afterEach(() => rmSync(folder, { recursive: true }));

describe("hb_generation", () => {
  test("is 15 columns and a newline, and reads back", async () => {
    await storeGeneration(file("new/hb_generation"), 1_795_179_497);
    expect(readFileSync(file("new/hb_generation"), "latin1")).toBe("     1795179497\n");
    expect(await readGeneration(file("new/hb_generation"))).toBe(1_795_179_497);
  });

  test.each([
    { what: "missing", text: undefined },
    { what: "empty", text: "" },
    { what: "garbage", text: "twelve\n" },
  ])("that is $what is none", async ({ text }) => {
    if (text !== undefined) writeFileSync(file("hb_generation"), text);
    expect(await readGeneration(file("hb_generation"))).toBeUndefined();
  });
});

test("hb_uuid is 16 bytes, made once", async () => {
  const made = await loadUuid(file("hb_uuid"));
  expect([made.fresh, made.uuid.length, statSync(file("hb_uuid")).size]).toEqual([true, 16, 16]);
  const again = await loadUuid(file("hb_uuid"));
  expect(again.fresh).toBe(false);
  expect(Buffer.from(again.uuid).equals(Buffer.from(made.uuid))).toBe(true);
});

describe("what was heard of the peers", () => {
  const peer = (node: string, ours: boolean, generation: number, last: number) =>
    [node, { node, said: { ours }, reception: { generation, last, missing: [] } }] as const;
  /** As much of a core's state as the keeper looks at. */
  const stateOf = (...peers: ReturnType<typeof peer>[]) =>
    ({ peers: new Map(peers) }) as unknown as ClusterState;

  test("is written when a peer begins a life, each minute, and at the end; only of our own nodes", async () => {
    const clock = virtualClock();
    const written: Promise<unknown>[] = [];
    const background = (_what: string, work: Promise<unknown>) => void written.push(work);
    const keeper = createHeardKeeper({ path: file("heard"), clock, background });
    const heard = () => Object.fromEntries(readHeard(file("heard")));
    const look = async (last: number, generation = 3) => {
      keeper.look(stateOf(peer("lb2", true, generation, last), peer("lb3", false, 9, 9)));
      await Promise.all(written);
      return heard().lb2?.sequence;
    };
    expect(await look(5)).toBe(5);
    expect(await look(6)).toBe(5);
    await clock.advance(60_000);
    expect(await look(66)).toBe(66);
    expect(await look(1, 4)).toBe(1);
    await keeper.close(stateOf(peer("lb2", true, 4, 2)));
    expect(heard()).toEqual({ lb2: { generation: 4, sequence: 2 } });
  });

  test("that is missing or makes no sense is nothing", () => {
    expect([...readHeard(file("none"))]).toEqual([]);
    writeFileSync(file("heard"), "lb2 3\nlb3 x y\n\u0000\nlb4 1 2\n");
    expect([...readHeard(file("heard"))]).toEqual([["lb4", { generation: 1, sequence: 2 }]]);
  });
});

describe("the last word", () => {
  test("tells the next process what was held and how long ago", () => {
    const word = openLastWord(file("last-word"));
    word.sent(["IPaddr2::192.0.2.10/24/eth0", "db"]);
    word.sent(["db"]);
    word.close();
    const left = readLastWord(file("last-word"));
    expect(left?.groups).toEqual(["db"]);
    expect(left?.handedOn).toBeUndefined();
    expect(left?.silence).toBeGreaterThanOrEqual(0);
    expect(left?.silence).toBeLessThan(5000);
  });

  test("of a restart on purpose tells what lease and deadtime hold from then on", () => {
    const word = openLastWord(file("handed-on"));
    const handedOn = { lease: milliseconds(9690), deadtime: milliseconds(10_000) };
    word.sent(["web"], handedOn);
    word.close();
    expect(readLastWord(file("handed-on"))?.handedOn).toEqual(handedOn);
  });

  test("of another boot, of nobody, or garbage is none", () => {
    expect(readLastWord(file("missing"))).toBeUndefined();
    const boot = "00000000-0000-0000-0000-000000000000";
    writeFileSync(file("other"), JSON.stringify({ boot, at: 12.5, groups: ["db"] }));
    expect(readLastWord(file("other"))).toBeUndefined();
    writeFileSync(file("garbage"), "x\n");
    expect(readLastWord(file("garbage"))).toBeUndefined();
  });
});

const HA_CF = `keepalive 1
deadtime 10
warntime 5
initdead 20
udpport 694
bcast eth1
auto_failback off
node lb1 lb2
env FLAVOUR=vanilla
`;
const HARESOURCES =
  "lb1 ctsyncd ldirectord::ldirectord.cf IPaddr2::192.0.2.10/24/eth0 MailTo::ops@example.org\n";
const AUTHKEYS = "auth 2\n2 sha1 ultramonkey\n";

function configuration(
  texts: { haCf?: string; haresources?: string; authkeys?: string } = {},
  canGuard = true,
) {
  const files = { haCf: file("ha.cf"), haresources: file("haresources"), authkeys: file("authkeys") };
  writeFileSync(files.haCf, texts.haCf ?? HA_CF);
  writeFileSync(files.haresources, texts.haresources ?? HARESOURCES);
  writeFileSync(files.authkeys, texts.authkeys ?? AUTHKEYS, { mode: 0o600 });
  return readConfiguration(files, "lb1", "may-vanish", canGuard);
}

describe("the configuration", () => {
  test("of the three files together; the lease is deadtime - keepalive - 0.5 s in whole seconds", () => {
    const { value, headlines } = configuration();
    expect(headlines).toEqual([]);
    expect(value?.settings).toMatchObject({
      local: "lb1",
      nodes: ["lb1", "lb2"],
      lease: { kind: "address", length: 8000 },
      autoFailback: "off",
      groups: [
        {
          key: "ctsyncd",
          preferred: "lb1",
          resources: [
            "ctsyncd",
            "ldirectord::ldirectord.cf",
            "IPaddr2::192.0.2.10/24/eth0",
            "MailTo::ops@example.org",
          ],
        },
      ],
    });
  });

  test("shows the mistakes of all three files in one run", () => {
    const { value, headlines } = configuration({
      haCf: `${HA_CF}keepalive 2sec\n`,
      authkeys: "auth 2\n1 sha1 ultramonkey\n",
    });
    expect(value).toBeUndefined();
    expect(headlines.map((line) => line.slice(folder.length + 1))).toEqual([
      'ha.cf:10:11: error: keepalive: "2sec" is not a duration [bad-duration]',
      "authkeys:1:6: error: auth key 2 is not in this file [unknown-key]",
    ]);
  });

  test("finds what a built-in resource cannot make sense of, with its place", () => {
    const { value, headlines } = configuration({ haresources: "lb1 IPaddr2::192.0.2.300/24 MailTo\n" });
    expect(value).toBeUndefined();
    expect(headlines.map((line) => line.slice(folder.length + 1))).toEqual([
      'haresources:1:5: error: IPaddr2: 192.0.2.300/24: "192.0.2.300" is not an IP address [bad-argument]',
      "haresources:1:29: error: MailTo: names no recipient [bad-argument]",
    ]);
  });

  test.each([
    { times: "keepalive 1\ndeadtime 3", canGuard: true, lease: undefined },
    { times: "keepalive 200ms\ndeadtime 1", canGuard: false, lease: undefined },
    { times: "keepalive 200ms\ndeadtime 1", canGuard: true, lease: { kind: "guard", length: 690 } },
  ])("$times, nftables $canGuard: warns when there can be no lease", ({ times, canGuard, lease }) => {
    const haCf = HA_CF.replace(/keepalive.*/, times).replace(/^(deadtime 10|warntime 5|initdead.*)\n/gm, "");
    const { value, headlines } = configuration({ haCf }, canGuard);
    expect(value?.settings.lease).toEqual(lease);
    expect(headlines.join("\n").includes("warning: deadtime is too short for a VIP lease")).toBe(!lease);
  });

  test.each([
    {
      what: "a missing file",
      spoil: () => rmSync(file("haresources")),
      says: "haresources: error: no such file",
    },
    {
      what: "keys that others can read",
      spoil: () => chmodSync(file("authkeys"), 0o644),
      says: "bad permissions",
    },
  ])("refuses $what", ({ spoil, says }) => {
    configuration();
    spoil();
    const files = { haCf: file("ha.cf"), haresources: file("haresources"), authkeys: file("authkeys") };
    const { value, headlines } = readConfiguration(files, "lb1", "may-vanish");
    expect(value).toBeUndefined();
    expect(headlines.join("\n")).toContain(says);
  });

  test("reaches scripts as HA_ variables, env lines and parameters among them", () => {
    const environment = scriptEnvironment(configuration().value!.haCf, { local: "lb1", alone: true });
    expect(environment).toMatchObject({
      HA_CURHOST: "lb1",
      HA_keepalive: "1",
      HA_deadping: "10000ms",
      HA_msgfmt: "classic",
      HA_RSCTMP: "/var/run/heartbeat/rsctmp",
      HA_udpport: "694",
      HA_FLAVOUR: "vanilla",
      HA_NICEFAILBACK: "yes",
      HA_DONTASK: "yes",
    });
    expect(Object.keys(environment)).not.toContain("HA_node");
  });

  test("rsctmp is emptied at a start, and not when groups were kept", () => {
    prepareRsctmp(file("run/rsctmp"), false);
    writeFileSync(file("run/rsctmp/note"), "");
    prepareRsctmp(file("run/rsctmp"), true);
    expect(readdirSync(file("run/rsctmp"))).toEqual(["note"]);
    prepareRsctmp(file("run/rsctmp"), false);
    expect([readdirSync(file("run/rsctmp")), statSync(file("run/rsctmp")).mode & 0o7777]).toEqual([
      [],
      0o1755,
    ]);
  });
});
