/** The client API: frames, who may sign on, what a session hears and says. The original's clients ask in test/interop. */
import { DecodeError } from "@systole/wire";
import fc from "fast-check";
import { expect, test } from "vitest";
import type { ClientAccess } from "../src/config/ha-cf.types.js";
import { maySignOn } from "../src/shell/api-access.js";
import { createApiSession } from "../src/shell/api-session.js";
import type { ApiSurroundings } from "../src/shell/client-api.js";
import type { HeartbeatStatus } from "../src/shell/commands.js";
import { apiFrameReader, encodeApiFrame } from "../src/wire/api-frame.js";
import { bytesOf, type Fields, string, textOf } from "../src/wire/field.js";

const request = (type: string, ...more: readonly [string, string][]): Fields => [
  string("t", "hbapi-req"),
  string("reqtype", type),
  ...more.map(([name, value]) => string(name, value)),
];

test("a frame, byte for byte: length and mark in the machine's order, the NUL counted", () => {
  const text = ">>>\nt=hbapi-req\nreqtype=getrsc\n<<<\n\0";
  const expected = new Uint8Array([text.length, 0, 0, 0, 0xcd, 0xab, 0, 0, ...bytesOf(text)]);
  expect(encodeApiFrame(request("getrsc"))).toEqual(expected);
});

test("frames come out of a stream however it is cut", () => {
  const stream = [request("getrsc"), request("nodelist"), request("signoff")].map(encodeApiFrame);
  const whole = Uint8Array.from(stream.flatMap((frame) => [...frame]));
  fc.assert(
    fc.property(fc.array(fc.integer({ min: 1, max: 40 }), { maxLength: 20 }), (cuts) => {
      const read = apiFrameReader();
      const found: Fields[] = [];
      let at = 0;
      for (const cut of [...cuts, whole.length]) {
        found.push(...read(whole.subarray(at, at + cut)));
        at = Math.min(whole.length, at + cut);
      }
      expect(found.map((fields) => textOf(fields, "reqtype"))).toEqual(["getrsc", "nodelist", "signoff"]);
    }),
  );
});

test("any bytes are frames, or wait for more, or raise DecodeError", () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 64 }), (bytes) => {
      try {
        apiFrameReader()(bytes);
      } catch (error) {
        expect(error).toBeInstanceOf(DecodeError);
      }
    }),
  );
});

const ACCESS = new Map<string, ClientAccess>([
  ["anon", { uids: ["0"], gids: ["108"] }],
  ["ipfail", { uids: ["55"], gids: [] }],
]);

test.each([
  { client: "63", uid: 0, gid: 5, may: true },
  { client: "63", uid: 7, gid: 108, may: true },
  { client: "63", uid: 7, gid: 109, may: false },
  { client: "ipfail", uid: 55, gid: 1, may: true },
  { client: "ipfail", uid: 0, gid: 108, may: false },
  { client: "stranger", uid: 0, gid: 0, may: false },
])("$client with uid $uid, gid $gid: $may", ({ client, uid, gid, may }) => {
  expect(maySignOn(client, { uid, gid }, ACCESS)).toBe(may);
});

test("a name without a line goes by the line default", () => {
  const access = new Map(ACCESS).set("default", { uids: ["9"], gids: [] });
  expect(maySignOn("stranger", { uid: 9, gid: 0 }, access)).toBe(true);
});

function session(online: readonly string[] = []) {
  const sent: Fields[] = [];
  const told: string[] = [];
  const status = {
    node: "lb1",
    holds: "local",
    nodes: [{ node: "lb1", state: "active", links: [] }],
    pings: [{ node: "10.0.0.1", state: "dead" }],
    media: [{ device: "eth1" }],
    ownLinks: ["eth1"],
    attributes: {},
  } as unknown as HeartbeatStatus; // what the answers look at
  const world: ApiSurroundings = {
    node: "lb1",
    version: "9",
    status: () => status,
    parameter: (name) => (name === "keepalive" ? "500ms" : undefined),
    uuidOf: () => undefined,
    clientState: async () => "offline",
    times: () => ({ keepalive: 500, deadtime: 2000 }),
    access: () => ACCESS,
    isOnline: (client) => online.includes(client),
    joined: (client) => told.push(`${client} joined`),
    left: () => {},
    say: (client, { name, fields }, dest) =>
      told.push(`${client} says ${name} ${fields.join(" ")} to ${dest ?? "all"}`),
    warn: () => {},
  };
  const doors = { send: (fields: Fields) => sent.push(fields), end: () => told.push("end") };
  const made = createApiSession({ pid: 63, uid: 0, gid: 108 }, world, doors);
  const named = createApiSession({ pid: 64, uid: 55, gid: 1 }, world, doors);
  return { sent, told, casual: made, named };
}

const signOn = (pid: string, name: string, uid: string, gid: string) =>
  request("signon", ["pid", pid], ["from_id", name], ["uid", uid], ["gid", gid]);

const plain = (fields: Fields) =>
  fields.map((field) => `${field.name}=${field.type === "string" ? field.value : "?"}`).join(" ");

test("signing on, asking, signing off", async () => {
  const { sent, told, casual } = session();
  await casual.hear(signOn("63", "63", "0", "108"));
  await casual.hear(request("getrsc"));
  await casual.hear(request("nodelist"));
  await casual.hear(request("ifstatus", ["node", "lb1"], ["ifname", "eth1"]));
  await casual.hear(request("getparm", ["pname", "keepalive"]));
  await casual.hear(request("frobnicate"));
  expect(sent.map(plain)).toEqual([
    "t=hbapi-resp reqtype=signon result=OK deadtime=7d0 keepalive=1f4 node=lb1 hbversion=9 pacemaker=false logfacility=-1",
    "t=hbapi-resp reqtype=getrsc rsc_hold=local result=OK",
    "t=hbapi-resp reqtype=nodelist node=lb1 nodetype=normal st=active result=ok/more",
    "t=hbapi-resp reqtype=nodelist node=10.0.0.1 nodetype=ping st=dead result=OK",
    "t=hbapi-resp reqtype=ifstatus st=up result=OK",
    "t=hbapi-resp reqtype=getparm pvalue=500ms result=OK",
    "t=hbapi-resp reqtype=frobnicate info=heartbeat has no request frobnicate result=badreq",
  ]);
  await casual.hear(request("signoff"));
  expect(told).toEqual(["63 joined", "end"]);
});

test.each([
  { what: "a request before it", frame: request("getrsc") },
  { what: "the number of another process", frame: signOn("1", "1", "0", "108") },
  { what: "another user's number", frame: signOn("63", "63", "1", "108") },
  { what: "a name of others", frame: signOn("63", "ipfail", "0", "108") },
])("hung up: $what", async ({ frame }) => {
  const { told, casual } = session();
  await casual.hear(frame);
  expect(told).toEqual(["end"]);
});

test("a name is one client's at a time", async () => {
  const { told, named } = session(["ipfail"]);
  await named.hear(signOn("64", "ipfail", "55", "1"));
  expect(told).toEqual(["end"]);
});

test("a named client speaks to the cluster and hears what is for it; a casual one does neither", async () => {
  const { sent, told, casual, named } = session();
  await casual.hear(signOn("63", "63", "0", "108"));
  await named.hear(signOn("64", "ipfail", "55", "1"));
  await named.hear([string("t", "num_ping_nodes"), string("num_ping", "1"), string("dest", "LB2")]);
  expect(told).toEqual(["63 joined", "ipfail joined", "ipfail says num_ping_nodes num_ping,1 to lb2"]);
  sent.length = 0;
  for (const one of [casual, named]) {
    one.tell({ kind: "node", node: "lb2", state: "dead" });
    one.tell({ kind: "link", node: "lb2", link: "eth1", state: "dead" });
    const message = { type: "other" as const, name: "x", fields: [["to_id", "others"] as const] };
    one.tell({ kind: "message", from: "lb2", message });
  }
  expect(sent.map(plain)).toEqual(["t=status st=dead src=lb2", "t=ifstat node=lb2 ifname=eth1 st=dead"]);
  await casual.hear([string("t", "num_ping_nodes")]);
  expect(told.at(-1)).toBe("end");
});
