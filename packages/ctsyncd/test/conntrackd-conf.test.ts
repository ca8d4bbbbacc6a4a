import { readFileSync } from "node:fs";
import { headline, render } from "@systole/config";
import { expect, test } from "vitest";
import { parseConntrackdConf } from "../src/config/conntrackd-conf.js";

const LINK = "UDP { IPv4_address 10.0.3.1 IPv4_Destination_Address 10.0.3.2 Port 3780 Interface hb1 }";
const minimal = (more = "", general = "") =>
  `Sync {\n  Mode FTFW { ${more} }\n  ${LINK}\n}\nGeneral { ${general} }\n`;
const parse = (text: string) => parseConntrackdConf({ path: "c.conf", text });
const complaints = (text: string) => parse(text).diagnostics.map(headline);

test("the least that is needed, with the defaults of the original", () => {
  expect(parse(minimal())).toEqual({
    diagnostics: [],
    value: {
      mode: "ftfw",
      links: [{ kind: "udp", address: "10.0.3.1", peers: ["10.0.3.2"], port: 3780, interface: "hb1" }],
      localCache: true,
      peerCache: true,
      refreshSeconds: 60,
      cacheTimeoutSeconds: 180,
      expectations: "none",
      reliableEvents: false,
      controlPath: undefined,
      lockFile: undefined,
      scheduling: undefined,
      resendLimit: 131_072,
      ackWindow: 300,
      commitTimeoutSeconds: undefined,
      purgeTimeoutSeconds: 60,
      windowTracking: false,
      cacheLimit: 262_144,
      filter: {},
      eventBufferBytes: undefined,
      logFile: undefined,
      syslogFacility: undefined,
    },
  });
});

/** The example of the original's manual, with every option that is in use. */
const FULL = `# synchronisation
Sync {
    Mode FTFW {
        ResendQueueSize 65536   # messages
        ACKWindowSize 200
        CommitTimeout 180
        PurgeTimeout 5
        StartupResync yes
        DisableExternalCache Off
    }
    Multicast Default {
        IPv4_address 225.0.0.50
        Group 3780
        IPv4_interface 192.168.100.100
        Interface eth2
        SndSocketBuffer 1249280
        RcvSocketBuffer 1249280
        Checksum on
    }
    Options {
        TCPWindowTracking Off
        ExpectationSync No
    }
}
General {
    HashSize 32768
    HashLimit 131072
    LogFile on
    Syslog local3
    LockFile /var/lock/conntrack.lock
    UNIX { Path /var/run/conntrackd.ctl Backlog 20 }
    NetlinkBufferSize 2097152
    NetlinkBufferSizeMaxGrowth 8388608
    NetlinkOverrunResync On
    NetlinkEventsReliable Off
    EventIterationLimit 100
    Scheduler { Type FIFO Priority 99 }
    Nice -20
    Systemd on
    Filter From Userspace {
        Protocol Accept { TCP SCTP udp }
        Address Ignore {
            IPv4_address 127.0.0.1 # loopback
            IPv4_address 192.168.0.0/24
            IPv6_address ::1
        }
        State Accept { ESTABLISHED CLOSED TIME_WAIT for TCP }
    }
}
`;

test("a whole file: what has an effect, and one warning for what has none", () => {
  const { value, diagnostics } = parse(FULL);
  expect(value).toMatchObject({
    links: [
      {
        kind: "multicast",
        group: "225.0.0.50",
        address: "192.168.100.100",
        peers: [],
        port: 3780,
        interface: "eth2",
        sendBufferBytes: 1_249_280,
        receiveBufferBytes: 1_249_280,
      },
    ],
    lockFile: "/var/lock/conntrack.lock",
    controlPath: "/var/run/conntrackd.ctl",
    scheduling: { policy: "fifo", priority: 99 },
    resendLimit: 65_536,
    ackWindow: 200,
    commitTimeoutSeconds: 180,
    purgeTimeoutSeconds: 5,
    cacheLimit: 131_072,
    eventBufferBytes: 8_388_608,
    logFile: "/var/log/conntrackd.log",
    syslogFacility: "local3",
    filter: {
      protocols: { policy: "accept", numbers: new Set([6, 132, 17]) },
      addresses: {
        policy: "ignore",
        networks: [
          { address: "127.0.0.1", prefix: 32 },
          { address: "192.168.0.0", prefix: 24 },
          { address: "::1", prefix: 128 },
        ],
      },
      states: { policy: "accept", numbers: new Set([3, 8, 7]) },
    },
  });
  expect(diagnostics.map(headline)).toEqual([
    "c.conf:26:5: warning: accepted without effect: HashSize (line 26), Backlog (line 31), " +
      "NetlinkOverrunResync (line 34), EventIterationLimit (line 36), Nice (line 38) [no-effect]",
  ]);
});

test.each([
  {
    name: "a keyword with a slip of the finger",
    text: minimal("ACKWindowSise 300"),
    says: ['c.conf:2:15: error: "ACKWindowSise" is not known in FTFW [unknown-keyword]'],
  },
  {
    name: "a number that is none, and what comes after it on other lines, in one run",
    text: minimal("ACKWindowSize many\n  CommitTimeout 0\n  PurgeTimeout 1"),
    says: [
      'c.conf:2:29: error: ACKWindowSize: "many" is not a number that it takes [bad-number]',
      'c.conf:3:17: error: CommitTimeout: "0" is not a number that it takes [bad-number]',
    ],
  },
  {
    name: "an address of the wrong family",
    text: minimal().replace("10.0.3.2", "fd00::2"),
    says: ['c.conf:3:56: error: IPv4_Destination_Address: "fd00::2" is not an IPv4 address [bad-address]'],
  },
  {
    name: "a link without a port",
    text: minimal().replace("Port 3780", ""),
    says: ["c.conf:3:3: error: UDP: Port is missing [missing-option]"],
  },
  {
    name: "no link",
    text: "Sync { Mode FTFW { } }",
    says: ["c.conf:1:1: error: Sync: no UDP, TCP or Multicast link is given [no-link]"],
  },
  {
    name: "no Sync block",
    text: "General { }",
    says: ["c.conf: error: there is no Sync block: nothing to synchronise [no-sync]"],
  },
  {
    name: "a block that is never closed",
    text: minimal().replace(/\}\nGeneral.*\n/, ""),
    says: ["c.conf:1:1: error: Sync: the block is never closed [open-block]"],
  },
  {
    name: "a brace too many",
    text: `${minimal()}}`,
    says: ["c.conf:6:1: error: a closing brace without an opening one [unexpected-brace]"],
  },
  {
    name: "links of two kinds",
    text: minimal().replace(
      LINK,
      `${LINK}\n  Multicast { Group 3780 IPv4_address 225.0.0.50 IPv4_interface 10.0.3.1 Interface hb1 }`,
    ),
    says: ["c.conf:4:3: error: cannot use `Multicast' with other dedicated link protocols! [mixed-links]"],
    more: true,
  },
  {
    name: "links with different numbers of peers",
    text: minimal().replace(
      LINK,
      `${LINK}\n  UDP { IPv4_address 10.0.4.1 IPv4_Destination_Address 10.0.4.2 IPv4_Destination_Address 10.0.4.3 Port 3780 Interface hb2 }`,
    ),
    says: ["c.conf:1:1: error: the links name different numbers of destination addresses [uneven-links]"],
  },
  {
    name: "the same peer twice",
    text: minimal().replace("Port 3780", "IPv4_Destination_Address 10.0.3.2 Port 3780"),
    says: ["c.conf:3:65: error: UDP: 10.0.3.2 is named twice [duplicate-peer]"],
  },
  {
    name: "CommitTimeout where nothing is committed",
    text: minimal("DisableExternalCache On CommitTimeout 60"),
    says: [
      "c.conf:1:1: warning: CommitTimeout has no effect: with DisableExternalCache nothing is committed [no-commit]",
    ],
  },
  {
    name: "the internal cache of FTFW cannot be switched off",
    text: minimal("DisableInternalCache On"),
    says: ['c.conf:2:15: error: "DisableInternalCache" is not known in FTFW [unknown-keyword]'],
  },
  {
    name: "a control socket that is no path",
    text: minimal("", "UNIX { Path conntrackd.ctl }"),
    says: ['c.conf:5:23: error: Path: "conntrackd.ctl" is not a path that it takes [bad-path]'],
  },
  {
    name: "Debian's file for statistics",
    text: "General { Systemd on }\nStats {\n  LogFile on\n}\n",
    says: [
      "c.conf:2:1: error: statistics mode is not supported: ctsyncd synchronises [not-supported]",
      "c.conf: error: there is no Sync block: nothing to synchronise [no-sync]",
    ],
  },
  {
    name: "a state and a protocol that do not exist",
    text: minimal("", "Filter { Protocol Accept { TCPP }\n State Ignore { ESTABLISHD for TCP } }"),
    says: [
      'c.conf:5:38: warning: protocol "TCPP" is not known and is skipped [unknown-protocol]',
      'c.conf:6:17: error: "ESTABLISHD" is not a state of TCP [bad-state]',
    ],
  },
])("$name", ({ text, says, more = false }) => {
  const found = complaints(text);
  expect(more ? found.slice(0, says.length) : found).toEqual(says);
});

test("NOTRACK without caches over TCP, with two links and two peers", () => {
  const tcp = (net: number) =>
    `TCP ${net === 4 ? "Default" : ""} { IPv4_address 10.0.${net}.1 IPv4_Destination_Address 10.0.${net}.2 ` +
    `IPv4_Destination_Address 10.0.${net}.3 Port 3780 Interface hb${net} Checksum off ErrorQueueLength 512 }`;
  const mode = "Mode NOTRACK { DisableInternalCache on DisableExternalCache on StartupResync no }";
  const { value, diagnostics } = parse(`Sync { ${mode} ${tcp(3)} ${tcp(4)} }\n`);
  expect(diagnostics.map(({ code }) => code)).toEqual(["no-effect"]);
  expect(value).toMatchObject({ mode: "notrack", localCache: false, peerCache: false });
  expect(value?.links.map((link) => [link.kind, link.interface, link.peers])).toEqual([
    ["tcp", "hb4", ["10.0.4.2", "10.0.4.3"]],
    ["tcp", "hb3", ["10.0.3.2", "10.0.3.3"]],
  ]);
});

test("ALARM with its times, expectations of two helpers", () => {
  const options = "Options { ExpectationSync { ftp sip } TCPWindowTracking on }";
  const { value } = parse(`Sync { Mode ALARM { RefreshTime 15 CacheTimeout 40 } ${LINK} ${options} }\n`);
  expect(value).toMatchObject({
    mode: "alarm",
    refreshSeconds: 15,
    cacheTimeoutSeconds: 40,
    expectations: ["ftp", "sip"],
    windowTracking: true,
  });
});

test("a mistake is shown in its line with what was meant", () => {
  const source = { path: "c.conf", text: minimal("ACKWindowSise 300") };
  expect(render(parseConntrackdConf(source).diagnostics[0]!, source)).toBe(
    [
      'c.conf:2:15: error: "ACKWindowSise" is not known in FTFW [unknown-keyword]',
      "    2 |   Mode FTFW { ACKWindowSise 300 }",
      "      |               ^^^^^^^^^^^^^ did you mean ACKWindowSize?",
    ].join("\n"),
  );
});

test("the example that is shipped is right", () => {
  const path = new URL("../../../etc/conntrackd/conntrackd.conf", import.meta.url);
  const { value, diagnostics } = parseConntrackdConf({
    path: path.pathname,
    text: readFileSync(path, "utf8"),
  });
  expect({ port: value?.links[0].port, diagnostics }).toEqual({ port: 3780, diagnostics: [] });
});
