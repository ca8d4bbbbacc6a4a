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
import { CASES, type Case } from "./check-cases.js";
import { mariadb, postgresql } from "./servers/databases.js";
import { activeVsftpd, freeradius, named, sipps, slapd, vsftpd } from "./servers/directory.js";
import { apopDovecot, dovecot, exim, innd } from "./servers/mail.js";
import { certificate, listens, type ServerProgram } from "./servers/server.js";
import { nginx, tinyproxy } from "./servers/web.js";

const PROGRAM = new URL("../../packages/ldirectord/dist/bin/ldirectord.js", import.meta.url).pathname;
const SERVERS: readonly ServerProgram[] = [
  ...[nginx, tinyproxy, exim, dovecot, apopDovecot, innd, named, slapd, freeradius, vsftpd],
  ...[activeVsftpd, mariadb, postgresql, ...sipps],
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
  await director.sh(`echo '${real.ipv4("lan")} www.example.test' >>/etc/hosts`);
  // Who is asked for the name of an address: innd by IPv6, of a director that it does not serve.
  await peer.sh(`echo '${director.ipv6("lan")} director1.six.test' >>/etc/hosts`);
  await startServers();
  director.put("/etc/authority.pem", peer.read("/etc/test/cert.pem"));
  director.put("/etc/ha.d/slow.sh", "#!/bin/sh\nsleep 60\n", 0o755);
  director.put("/etc/ha.d/killed.sh", "#!/bin/sh\nkill -KILL $$\n", 0o755);
  director.put("/etc/ha.d/check.pl", 'exit($ARGV[2] eq "10.0.2.11" && $ARGV[3] == 80 ? 0 : 1);\n', 0o755);
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

/** What only the kernel of a server answers, or nobody there, goes on while its programs hang. */
const byKernel = ({ lines }: Case) => /checktype=(connect|ping|external)/.test(lines);

test("servers that hang with open ports are down at the limit", async () => {
  await cluster.node("real1").freeze();
  await expectAll((one) => (one.finds !== "up" || byKernel(one) ? one.finds : /within 10 s/), 90_000);
}, 120_000);

test("they go on, and everything is found as before", async () => {
  await cluster.node("real1").thaw();
  await expectAll(({ finds }) => finds, 90_000);
}, 120_000);
