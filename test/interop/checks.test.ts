/**
 * Every service type against a real server of Debian 12: healthy, asked for what it does not have, hung.
 *
 * One ldirectord checks them all; what it finds out is read from its control socket. Needs `test/setup/peer-root
 * services`.
 */
import { controlClient } from "@systole/daemon";
import { afterAll, beforeAll, expect, test } from "vitest";
import { type Cluster, makeCluster } from "../lab/cluster.js";
import { type Peer, peerOn } from "../lab/peer.js";
import { ultraMonkey } from "../lab/topology.js";
import { until } from "../lab/until.js";
import { mariadb, postgresql } from "./servers/databases.js";
import { freeradius, named, SECRET, sipp, slapd, vsftpd } from "./servers/directory.js";
import { dovecot, exim, innd } from "./servers/mail.js";
import { certificate, LOGIN, listens, PASSWORD, type ServerProgram } from "./servers/server.js";
import { nginx, tinyproxy } from "./servers/web.js";

const PROGRAM = new URL("../../packages/ldirectord/dist/bin/ldirectord.js", import.meta.url).pathname;
const SERVERS: readonly ServerProgram[] = [
  ...[nginx, tinyproxy, exim, dovecot, innd, named, slapd, freeradius, sipp, vsftpd, mariadb, postgresql],
];

interface Case {
  readonly name: string;
  readonly port: number;
  /** Directives, separated by `;`. */
  readonly lines: string;
  /** What ldirectord says of the server: up, or why it is down. */
  readonly finds: "up" | RegExp;
  readonly family?: "inet6";
}

const login = `login="${LOGIN}"; passwd="${PASSWORD}"`;
const wrong = `login="${LOGIN}"; passwd="wrong"`;

const CASES: readonly Case[] = [
  { name: "http", port: 80, lines: 'request="check.html"; receive="is OK"', finds: "up" },
  { name: "http, an expression", port: 80, lines: 'request="check.html"; receive="^all.*OK$"', finds: "up" },
  {
    name: "http, another text",
    port: 80,
    lines: 'request="check.html"; receive="never"',
    finds: /HTTP 200.*but "never" is not in/,
  },
  { name: "http 401", port: 80, lines: 'request="secret"', finds: /^HTTP 401/ },
  { name: "http 404", port: 80, lines: 'request="nothing.html"', finds: /^HTTP 404/ },
  { name: "http 500", port: 80, lines: 'request="broken"', finds: /^HTTP 500/ },
  { name: "http HEAD", port: 80, lines: 'request="check.html"; httpmethod=HEAD', finds: "up" },
  {
    name: "http, virtualhost",
    port: 80,
    lines: 'virtualhost="www.example.test"; receive="asked for www"',
    finds: "up",
  },
  { name: "http, redirected", port: 80, lines: 'request="moved"; receive="is OK"', finds: "up" },
  {
    name: "http, redirected to nobody",
    port: 80,
    lines: 'request="away"',
    finds: /:8081 refused the connection/,
  },
  { name: "http, redirected for ever", port: 80, lines: 'request="loop"', finds: /more than 7 redirects/ },
  { name: "http, no redirects", port: 80, lines: 'request="moved"; httpredirects=no', finds: /^HTTP 302/ },
  {
    name: "http over IPv6",
    port: 80,
    lines: 'request="check.html"; receive="is OK"',
    finds: "up",
    family: "inet6",
  },
  { name: "https", port: 443, lines: 'request="check.html"; receive="is OK"', finds: "up" },
  {
    name: "https, SNI",
    port: 443,
    lines: 'virtualhost="www.example.test"; receive="by www.example.test"',
    finds: "up",
  },
  { name: "https, verified", port: 443, lines: "sslverify=yes", finds: /self.signed/i },
  {
    name: "https, its authority",
    port: 443,
    lines: 'sslverify=yes; sslcafile=/etc/authority.pem; virtualhost="www.example.test"',
    finds: "up",
  },
  { name: "https on a port without", port: 80, lines: "service=https", finds: /TLS/ },
  {
    name: "http_proxy",
    port: 3128,
    lines: 'request="http://10.0.2.11/check.html"; receive="is OK"',
    finds: "up",
  },
  {
    name: "http_proxy, a bad gateway",
    port: 3128,
    lines: 'request="http://10.0.2.11:8081/"',
    finds: /^HTTP 5/,
  },
  {
    name: "simpletcp",
    port: 80,
    lines: 'service=simpletcp; request="GET /check.html HTTP/1.0\\n\\n"; receive="200 OK"',
    finds: "up",
  },
  {
    name: "simpletcp, another text",
    port: 80,
    lines: 'service=simpletcp; request="GET /broken HTTP/1.0\\n\\n"; receive="200 OK"',
    finds: /no line with "200 OK"/,
  },
  { name: "smtp", port: 25, lines: "", finds: "up" },
  { name: "submission", port: 587, lines: "", finds: "up" },
  {
    name: "smtp at a web server",
    port: 80,
    lines: "service=smtp; negotiatetimeout=2",
    finds: /closed|without a code|within 2 s/,
  },
  { name: "pop", port: 110, lines: login, finds: "up" },
  { name: "pop, wrong password", port: 110, lines: wrong, finds: /login refused/ },
  { name: "pop without login", port: 110, lines: "", finds: "up" },
  { name: "pops", port: 995, lines: login, finds: "up" },
  { name: "imap", port: 143, lines: login, finds: "up" },
  { name: "imap over IPv6", port: 143, lines: login, finds: "up", family: "inet6" },
  { name: "imap, wrong password", port: 143, lines: wrong, finds: /login refused/ },
  { name: "imaps", port: 993, lines: login, finds: "up" },
  { name: "imaps, verified", port: 993, lines: `${login}; sslverify=yes`, finds: /self.signed/i },
  { name: "nntp, not for us", port: 119, lines: "", finds: /greeted with "502 You have no permission/ },
  { name: "nntp at a mail server", port: 110, lines: "service=nntp", finds: /greeted with "\+OK/ },
  {
    name: "dns",
    port: 53,
    lines: 'protocol=udp; request="www.example.test"; receive="192.0.2.80"',
    finds: "up",
  },
  {
    name: "dns over TCP",
    port: 53,
    lines: 'protocol=tcp; request="www.example.test"; receive="192.0.2.80"',
    finds: "up",
  },
  {
    name: "dns over IPv6",
    port: 53,
    lines: 'protocol=udp; request="www.example.test"',
    finds: "up",
    family: "inet6",
  },
  {
    name: "dns, an alias",
    port: 53,
    lines: 'protocol=udp; request="alias.example.test"; receive="www.example.test"',
    finds: "up",
  },
  {
    name: "dns, backwards",
    port: 53,
    lines: 'protocol=udp; request="192.0.2.80"; receive="www.example.test"',
    finds: "up",
  },
  {
    name: "dns, another address",
    port: 53,
    lines: 'protocol=udp; request="www.example.test"; receive="192.0.2.81"',
    finds: /is not in the answer: 192.0.2.80/,
  },
  {
    name: "dns, no such name",
    port: 53,
    lines: 'protocol=udp; request="nobody.example.test"',
    finds: /no such name/,
  },
  { name: "dns, not its zone", port: 53, lines: 'protocol=udp; request="www.example.org"', finds: /refused/ },
  { name: "ldap", port: 389, lines: 'request="dc=example,dc=test"; receive="dc=example"', finds: "up" },
  { name: "ldap, the root", port: 389, lines: "", finds: "up" },
  { name: "ldap over IPv6", port: 389, lines: 'request="dc=example,dc=test"', finds: "up", family: "inet6" },
  {
    name: "ldap, with a login",
    port: 389,
    lines: `login="cn=${LOGIN},dc=example,dc=test"; passwd="${PASSWORD}"; request="dc=example,dc=test"`,
    finds: "up",
  },
  {
    name: "ldap, wrong password",
    port: 389,
    lines: `login="cn=${LOGIN},dc=example,dc=test"; passwd="wrong"`,
    finds: /^invalid credentials \(LDAP result 49\)$/,
  },
  {
    name: "ldap, no such entry",
    port: 389,
    lines: 'request="dc=nobody,dc=test"',
    finds: /^no such object \(LDAP result 32\)$/,
  },
  {
    name: "ldap, another name",
    port: 389,
    lines: 'request="dc=example,dc=test"; receive="dc=never"',
    finds: /"dc=never" is not in/,
  },
  { name: "ldaps", port: 636, lines: 'request="dc=example,dc=test"', finds: "up" },
  {
    name: "ldaps, verified",
    port: 636,
    lines: 'sslverify=yes; request="dc=example,dc=test"',
    finds: /self.signed/i,
  },
  { name: "radius", port: 1812, lines: `protocol=udp; ${login}; secret="${SECRET}"`, finds: "up" },
  {
    name: "radius over IPv6",
    port: 1812,
    lines: `protocol=udp; ${login}; secret="${SECRET}"`,
    finds: "up",
    family: "inet6",
  },
  {
    name: "radius, wrong password",
    port: 1812,
    lines: `protocol=udp; ${wrong}; secret="${SECRET}"`,
    finds: /Access-Reject/,
  },
  {
    name: "radius, wrong secret",
    port: 1812,
    lines: `protocol=udp; ${login}; secret="other"; checktimeout=2; negotiatetimeout=2`,
    finds: /within 2 s/,
  },
  { name: "sip", port: 5060, lines: 'protocol=udp; login="nobody@example.test"', finds: "up" },
  { name: "ftp", port: 21, lines: 'request="check.txt"; receive="is OK"', finds: "up" },
  { name: "ftp, only the login", port: 21, lines: "", finds: "up" },
  { name: "ftp, no such file", port: 21, lines: 'request="nothing.txt"', finds: /RETR refused: 550/ },
  {
    name: "ftp, another text",
    port: 21,
    lines: 'request="check.txt"; receive="never"',
    finds: /"never" is not in/,
  },
  { name: "ftp, wrong password", port: 21, lines: wrong, finds: /login refused: 530/ },
  {
    name: "mysql",
    port: 3306,
    lines: `${login}; database="shop"; request="select * from items"`,
    finds: "up",
  },
  {
    name: "mysql, no rows",
    port: 3306,
    lines: `${login}; database="shop"; request="select * from items where 1=0"`,
    finds: /no row/,
  },
  {
    name: "mysql, no such table",
    port: 3306,
    lines: `${login}; database="shop"; request="select * from nothing"`,
    finds: /doesn't exist|denied/,
  },
  {
    name: "mysql, wrong password",
    port: 3306,
    lines: `${wrong}; database="shop"; request="select 1"`,
    finds: /Access denied/,
  },
  { name: "pgsql", port: 5432, lines: `${login}; database="shop"; request="select 1"`, finds: "up" },
  {
    name: "pgsql over IPv6",
    port: 5432,
    lines: `${login}; database="shop"; request="select 1"`,
    finds: "up",
    family: "inet6",
  },
  {
    name: "pgsql, no rows",
    port: 5432,
    lines: `${login}; database="shop"; request="select 1 where false"`,
    finds: /no row/,
  },
  {
    name: "pgsql, no such database",
    port: 5432,
    lines: `${login}; database="nothing"; request="select 1"`,
    finds: /does not exist/,
  },
  {
    name: "pgsql, wrong password",
    port: 5432,
    lines: `${wrong}; database="shop"; request="select 1"`,
    finds: /authentication failed/,
  },
  { name: "connect", port: 80, lines: "checktype=connect", finds: "up" },
  { name: "connect, a closed port", port: 8081, lines: "checktype=connect", finds: /refused the connection/ },
  { name: "ping", port: 80, lines: "checktype=ping", finds: "up" },
  { name: "ping over IPv6", port: 80, lines: "checktype=ping", finds: "up", family: "inet6" },
];

let cluster: Cluster;
let peer: Peer;

/** Each case is a virtual service of its own, 10.0.1.200 and up or fd00:1::200 and up, with one real server. */
const place = (index: number) => ({ inet: `10.0.${100 + index}.200`, inet6: `[fd00:1::${1000 + index}]` });

function configuration(): string {
  const sections = CASES.map(({ port, lines, family }, index) => {
    const real = family === undefined ? "real=10.0.2.11" : "real6=[fd00:2::11]";
    const written = lines.split("; ").filter((line) => line !== "");
    // Unlike in the grammar, where the port of the virtual service says the service: they are all the same here.
    return [
      `virtual${family === undefined ? "" : "6"}=${place(index)[family ?? "inet"]}:${port}`,
      `\t${real}:${port} masq`,
      ...written.map((line) => `\t${line}`),
    ].join("\n");
  });
  return `checkinterval=1\nchecktimeout=10\nnegotiatetimeout=10\nquiescent=yes\nreconcile=no\n${sections.join("\n\n")}\n`;
}

interface RealStatus {
  readonly state: string;
  readonly reason?: string;
}

const found = async (): Promise<readonly RealStatus[]> => {
  const control = controlClient(cluster.node("director1").path("/run/systole/ldirectord/control"), {
    limitMs: 20_000,
  });
  const status = (await control.call("status")) as { services: { reals: RealStatus[] }[] }; // the daemon's own answer
  return status.services.map(({ reals }) => reals[0]!); // each has one
};

const textOf = ({ state, reason }: RealStatus): string =>
  state === "up" ? "up" : `${state}: ${reason ?? ""}`;

/** Waits until every case is as it says, and shows those that are not. */
async function expectAll(wanted: (one: Case) => "up" | RegExp, limitMs: number): Promise<void> {
  const differences = async () =>
    (await found()).flatMap((real, index) => {
      const one = CASES[index]!; // one virtual service each
      const finds = wanted(one);
      const right =
        finds === "up" ? real.state === "up" : real.state === "down" && finds.test(real.reason ?? "");
      return right ? [] : [`${one.name}: ${textOf(real)}, not ${finds}`];
    });
  const settled = await until("all verdicts", async () => (await differences()).length === 0, {
    limitMs,
    everyMs: 500,
  }).catch(() => false);
  expect(settled || (await differences())).toBe(true);
}

async function startServers(): Promise<void> {
  for (const server of SERVERS) await peer.daemon(server.name, server.command);
  for (const server of SERVERS) {
    await until(`${server.name} to listen`, () => listens(peer, server), {
      limitMs: 120_000,
      everyMs: 500,
    }).catch(() => {
      throw new Error(`${server.name} does not listen:\n${peer.node.log(server.name).slice(-3000)}`);
    });
  }
}

beforeAll(async () => {
  cluster = await makeCluster({ topology: ultraMonkey({ directors: 1, reals: 1, heartbeats: 0 }) });
  const [director, real] = [cluster.node("director1"), cluster.node("real1")];
  peer = await peerOn(real, "services");
  await certificate(peer);
  for (const server of SERVERS) {
    for (const [file, text] of Object.entries(server.files ?? {})) peer.put(file, text);
    if (server.prepare !== undefined) await peer.sh(server.prepare);
  }
  await startServers();
  director.put("/etc/authority.pem", peer.read("/etc/test/cert.pem"));
  director.put("/etc/ha.d/ldirectord.cf", configuration());
  await director.daemon("ldirectord", [process.execPath, PROGRAM, "--foreground", "start"]);
  await until(
    "ldirectord to answer",
    () =>
      found().then(
        () => true,
        () => false,
      ),
    { limitMs: 60_000, everyMs: 200 },
  );
}, 400_000);
afterAll(() => cluster?.close());

test("healthy servers are up, and what they do not have is a reason", async () => {
  await expectAll(({ finds }) => finds, 90_000);
}, 120_000);

/** What only the kernel of a server answers goes on while its programs hang. */
const byKernel = ({ lines }: Case) => /checktype=(connect|ping)/.test(lines);

test("servers that hang with open ports are down at the limit", async () => {
  await cluster.node("real1").freeze();
  await expectAll((one) => (one.finds !== "up" || byKernel(one) ? one.finds : /within 10 s/), 90_000);
}, 120_000);
