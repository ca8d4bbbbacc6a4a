import { headline, render } from "@systole/config";
import fc from "fast-check";
import { expect, test } from "vitest";
import { parseHaCf } from "../src/config/ha-cf.js";
import { DIRECTIVES } from "../src/config/ha-cf-directives.js";
import { surroundings } from "./surroundings.js";

const parse = (text: string) => parseHaCf({ path: "/etc/ha.d/ha.cf", text }, surroundings("LB1"));
const complaints = (text: string) => parse(text).diagnostics.map(headline);

const GOOD = "auto_failback on\nbcast eth1\nnode lb1 lb2\n";

test("the classic file of Ultra Monkey", () => {
  const { value, diagnostics } = parse(
    `logfacility local0
keepalive 2
deadtime 10
warntime 10
initdead 10
mcast eth0 225.0.0.7 694 1 1
udpport 695
bcast	eth1
auto_failback on
node	LB1
node	lb2
`,
  );
  expect(diagnostics).toEqual([]);
  expect(value).toMatchObject({
    nodes: ["lb1", "lb2"],
    ...{ keepalive: 2000, deadtime: 10_000, warntime: 10_000, initdead: 10_000, deadping: 10_000 },
    autoFailback: "on",
    logFacility: "local0",
    media: [
      { kind: "mcast", device: "eth0", group: "225.0.0.7", port: 694, ttl: 1, loop: true },
      { kind: "bcast", device: "eth1", port: 695 },
    ],
    vipLease: true,
  });
});

test.each([
  [
    "30 s and one keepalive a second",
    "",
    { keepalive: 1000, deadtime: 30_000, warntime: 15_000, initdead: 30_000 },
  ],
  ["initdead 12 s for a short deadtime", "deadtime 5", { initdead: 12_000 }],
  ["initdead twice a middling deadtime", "deadtime 8", { initdead: 16_000 }],
  ["initdead as deadtime above 10 s", "deadtime 11", { initdead: 11_000 }],
])("default: %s", (_, lines, expected) => expect(parse(GOOD + lines).value).toMatchObject(expected));

test.each([
  ["arguments may be separated by commas", "node lb3,lb4", { nodes: ["lb1", "lb2", "lb3", "lb4"] }],
  ["the last of several wins", "keepalive 2 3", { keepalive: 3000 }],
  ["a directive without arguments does nothing", "keepalive", { keepalive: 1000 }],
  ["a comment ends a value", "deadtime 20#0", { deadtime: 20_000 }],
  ["DOS line endings", "deadtime 20\r", { deadtime: 20_000 }],
  ["milliseconds", "keepalive 500ms", { keepalive: 500 }],
  ["our own directive in a comment", "#% viplease off", { vipLease: false }],
  ["ipfail without the original's line", "#% ipfail on", { ipFail: true }],
  [
    "limits and scopes of scripts",
    "#% scriptlimit 60\n#% scriptunits off",
    { scriptLimit: 60_000, scriptUnits: false },
  ],
  ["a start waits while keys differ", "", { otherKeys: "wait" }],
  ["or does not", "#% otherkeys ignore", { otherKeys: "ignore" }],
  [
    "monitoring: started again unless told otherwise",
    "#% monitor 10",
    { monitor: { interval: 10_000, policy: "restart" } },
  ],
  ["monitoring that only tells", "#%monitor 1500ms tell", { monitor: { interval: 1500, policy: "tell" } }],
  ["monitoring: the last line counts", "#% monitor 10 move\n#% monitor off", { monitor: undefined }],
  ["an ordinary comment is none of ours", "# % viplease off", { vipLease: true }],
  ["env for scripts", "env COLOUR=red", { environment: new Map([["COLOUR", "red"]]) }],
  ["a ucast peer may be a name", "ucast eth0 lb2.example.org", {}],
])("%s", (_, line, expected) => {
  const { value, diagnostics } = parse(`${GOOD}${line}\n`);
  expect(diagnostics).toEqual([]);
  expect(value).toMatchObject(expected);
});

test("each kind of medium keeps the udpport that stood before its first line", () => {
  const media = parse(`udpport 1000\nbcast eth1\nudpport 2000\nbcast eth2\nucast eth1 192.0.2.1\n${GOOD}`)
    .value!.media;
  expect(media.map((medium) => "port" in medium && medium.port)).toEqual([1000, 1000, 2000, 1000]);
});

test("programs, access, ping nodes, serial media, fence device and watchdog", () => {
  const { value, diagnostics } = parse(`${GOOD}ping 192.0.2.254 GW.example.org
ping_group routers 192.0.2.1 192.0.2.2
baud 115200
serial /dev/ttyS0
respawn hacluster /usr/bin/pingd -v
respawn hacluster /usr/lib/heartbeat/ipfail
apiauth ipfail uid=hacluster,root gid=haclient
stonith_host lb2 nosuch parameter
stonith_host * external/ipmi lb2 192.0.2.3
watchdog /dev/watchdog
`);
  expect(diagnostics).toEqual([]);
  expect(value).toMatchObject({
    pingNodes: [
      { kind: "ping", name: "192.0.2.254", hosts: ["192.0.2.254"] },
      { kind: "ping", name: "gw.example.org", hosts: ["GW.example.org"] },
      { kind: "ping_group", name: "routers", hosts: ["192.0.2.1", "192.0.2.2"] },
    ],
    media: [{ kind: "bcast" }, { kind: "serial", device: "/dev/ttyS0", baud: 115_200 }],
    clients: [{ user: "hacluster", path: "/usr/bin/pingd", args: ["-v"], failfast: false }],
    ipFail: true, // built in, wherever the original's program would be
    fenceDevice: { type: "external/ipmi", parameters: { text: "lb2 192.0.2.3" } },
    watchdog: { device: "/dev/watchdog" },
  });
  expect(value?.clientAccess.get("ipfail")).toEqual({ uids: ["hacluster", "root"], gids: ["haclient"] });
  expect(value?.clientAccess.get("anon")).toEqual({ uids: ["root"], gids: ["haclient"] });
});

test("all mistakes of a file in one run, each with its place", () => {
  const text =
    "keepalive 2sec\ndeadtme 10\n  ucast eth0 192.0.2.300\nmcast eth0 10.0.0.1 694 9 0\nnode lb2 lb3\ncrm yes\n";
  expect(complaints(text)).toEqual([
    '/etc/ha.d/ha.cf:1:11: error: keepalive: "2sec" is not a duration [bad-duration]',
    '/etc/ha.d/ha.cf:2:1: error: illegal directive "deadtme" [unknown-directive]',
    '/etc/ha.d/ha.cf:3:14: error: "192.0.2.300" is not an IPv4 address or a host name [bad-address]',
    '/etc/ha.d/ha.cf:4:12: error: "10.0.0.1" is not a multicast group [bad-group]',
    '/etc/ha.d/ha.cf:4:25: error: ttl: "9" is not a number from 0 to 4 [bad-number]',
    "/etc/ha.d/ha.cf:6:5: error: crm yes: Pacemaker clusters are not supported [pacemaker]",
    "/etc/ha.d/ha.cf:5:6: error: current node [lb1] not in configuration [not-a-member]",
    "/etc/ha.d/ha.cf: error: no heartbeat media defined [no-medium]",
    "/etc/ha.d/ha.cf: warning: auto_failback is not set: legacy is used [no-auto-failback]",
  ]);
});

test.each([
  ["deadtime equal to two keepalives", "keepalive 5\ndeadtime 10", "deadtime-too-short"],
  ["initdead below deadtime", "deadtime 20\ninitdead 19", "initdead-too-short"],
  ["a directive in capitals", "KEEPALIVE 2", "unknown-directive"],
  ["a comma behind a directive", "keepalive,1", "unknown-directive"],
  ["a time with an unknown unit", "keepalive 10 ms", "bad-duration"],
  ["a time of nothing", "keepalive 0", "bad-duration"],
  ["an unknown facility", "logfacility loca1", "bad-value"],
  ["rtprio out of range", "rtprio 100", "bad-number"],
  ["a stonith type nobody has", "stonith rps11 /etc/ha.d/rps.cfg", "unknown-fence-type"],
  ["a program that is none", "respawn root /etc/passwd", "bad-program"],
  ["a user that is none", "respawn nobody-here /usr/bin/pingd", "unknown-user"],
  ["apiauth without a list", "apiauth ipfail", "bad-apiauth"],
  ["a watchdog given twice", "watchdog /dev/watchdog /dev/watchdog", "given-twice"],
  ["an otherkeys that nobody knows", "#% otherkeys maybe", "bad-value"],
  ["autojoin with haresources", "autojoin any", "autojoin"],
  ["use_logd off and no log", "use_logd no", "no-log"],
  ["a device name no kernel accepts", "bcast abcdefghijklmnop", "bad-device"],
])("refused: %s", (_, lines, code) => {
  const { value, diagnostics } = parse(`${GOOD}${lines}\n`);
  expect(diagnostics.map((each) => each.code)).toContain(code);
  expect(value).toBeUndefined();
});

test.each([
  ["10s", '4:12: error: monitor: "10s" is not a duration [bad-duration]'],
  ["999ms", "4:12: error: monitor: must be a second or longer [bad-duration]"],
  ["-10", "4:12: error: monitor: must be a second or longer [bad-duration]"],
  ["10 reboot", '4:15: error: monitor: "reboot" is not known [bad-value]'],
  ["10 tell loudly", '4:20: error: monitor: "loudly" is one word too many [bad-monitor]'],
  ["off tell", '4:16: error: monitor: "tell" is one word too many [bad-monitor]'],
  ["", "4:4: error: monitor names no time [bad-monitor]"],
])("monitor %s is refused", (words, complaint) => {
  const { value, diagnostics } = parse(`${GOOD}#% monitor ${words}\n`);
  expect(diagnostics.map(headline)).toEqual([`/etc/ha.d/ha.cf:${complaint}`]);
  expect(value).toBeUndefined();
});

test.each([
  ["a node named twice", "node lb1", "duplicate-node"],
  ["nice_failback", "nice_failback on", "obsolete"],
  ["a word too many", "ucast eth0 192.0.2.1 192.0.2.2", "too-much"],
  ["a number with a tail", "hopfudge 2x", "number-with-tail"],
  ["a port beyond 16 bits", "udpport 70000", "port-wraps"],
  ["our own directive without its mark", "otherkeys ignore", "own-directive"],
  ["a short initdead", "deadtime 5\ninitdead 9", "initdead-short"],
])("accepted with a warning: %s", (_, lines, code) => {
  const { value, diagnostics } = parse(`${GOOD}${lines}\n`);
  expect(diagnostics.map((each) => [each.severity, each.code])).toEqual([["warning", code]]);
  expect(value).toBeDefined();
});

test("an unknown directive says what was meant, with a caret", () => {
  const text = `${GOOD}deadtme 10\n`;
  const [diagnostic] = parse(text).diagnostics;
  expect(render(diagnostic!, { path: "ha.cf", text })).toBe(
    '/etc/ha.d/ha.cf:4:1: error: illegal directive "deadtme" [unknown-directive]\n    4 | deadtme 10\n      | ^^^^^^^ did you mean deadtime?',
  );
});

test("whatever the text, the parser answers", () => {
  const word = fc.oneof(
    fc.constantFrom(...DIRECTIVES.keys(), "eth0", "1", "on", "#", "#%", "192.0.2.1"),
    fc.string(),
  );
  const line = fc.array(word).map((words) => words.join(" "));
  fc.assert(
    fc.property(fc.array(line), (texts) => {
      const { value, diagnostics } = parse(texts.join("\n"));
      expect(value === undefined).toBe(diagnostics.some((each) => each.severity === "error"));
    }),
  );
});
