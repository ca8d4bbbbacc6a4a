/** notifierd and the mail servers that people have: a real Exim with TLS and logins, and Postfix's smtp-sink. */
import { readdirSync } from "node:fs";
import { afterAll, beforeAll, expect, test } from "vitest";
import { type Cluster, makeCluster } from "../lab/cluster.js";
import { type Peer, peerOn } from "../lab/peer.js";
import type { Running } from "../lab/process.js";
import { ultraMonkey } from "../lab/topology.js";
import { until } from "../lab/until.js";
import { masqDirector, serve, VIP } from "../netns/traffic/traffic.js";
import {
  CERTIFICATE,
  EXIM_PORT,
  eximLog,
  mailbox,
  notifier,
  SINK_PORT,
  startExim,
  startNotifierd,
  startSink,
} from "./mail-peers.js";

let cluster: Cluster;
let peer: Peer;
let daemon: Running | undefined;
const director = () => cluster.node("director1");
const mail = () => cluster.node("real1").ipv4("lan");

beforeAll(async () => {
  cluster = await makeCluster({ topology: ultraMonkey({ directors: 1, reals: 1 }) });
  peer = await peerOn(cluster.node("real1"), "services");
  await startExim(peer);
  await startSink(peer, "/srv/sink");
  director().put("/etc/systole/ca.pem", peer.read(CERTIFICATE));
}, 120_000);
afterAll(() => cluster.close());

/** notifierd with these settings; the one before is gone. */
async function withSettings(...smtp: string[]): Promise<Running> {
  await daemon?.stop();
  daemon = await startNotifierd(director(), smtp);
  return daemon;
}

function password(text: string): string {
  director().put("/etc/systole/smtp-password", `${text}\n`, 0o600);
  return "password-file = /etc/systole/smtp-password";
}

const exim = () => [
  `server = ${mail()}:${EXIM_PORT}`,
  "tls = required",
  "ca-file = /etc/systole/ca.pem",
  "tls-name = mx.test",
];

test("Exim: TLS 1.3, a login, the letter whole in the mailbox, failures asked to be reported", async () => {
  await withSettings(...exim(), "user = ha", password("s3cret"), "dsn = yes");
  const { code, text } = await notifier(director(), "test", "--verbose");
  expect({ code, text }).toMatchObject({
    code: 0,
    text: expect.stringContaining("ops@test: delivered: 250"),
  });
  await until("the letter in the mailbox", () => mailbox(peer).includes("test letter of Systole"));
  expect(eximLog(peer)).toMatch(/<= systole@test .* P=esmtpsa X=TLS1\.3:.* A=plain:ha /);
  expect(mailbox(peer)).toMatch(/^Auto-Submitted: auto-generated$/m);
  expect(text).toMatch(/C: RCPT TO:<ops@test> NOTIFY=FAILURE,DELAY/i);
});

test("Exim: 451 is put off and tried again, 550 for one of two is that one's, the other has it", async () => {
  await withSettings(...exim());
  const { code, text } = await notifier(
    director(),
    "test",
    "ops@test",
    "nobody-here@test",
    "greylisted@test",
  );
  expect(code).toBe(1);
  expect(text).toContain("ops@test: delivered: 250");
  expect(text).toContain("nobody-here@test: rejected: 550 5.1.1 no such user");
  expect(text).toContain("greylisted@test: waiting: 451 4.7.1 greylisted, try again");
  const refused = () => eximLog(peer).match(/temporarily rejected RCPT <greylisted@test>/g)?.length ?? 0;
  await until("the second try, after 5 s", () => refused() >= 2, { limitMs: 30_000 });
  expect(mailbox(peer).match(/^Envelope-to: ops@test$/gm)).toHaveLength(2); // this letter and the one before, once each
});

test("Exim: 535 is told with what it means; the letter waits, the password is nowhere to be read", async () => {
  const running = await withSettings(...exim(), "user = ha", password("wr0ng-passw0rd"));
  const { code, text } = await notifier(director(), "test", "--wait", "20");
  expect(code).toBe(1);
  expect(text).toContain("535");
  expect(text).toContain("the server refuses the login: see user and password-file");
  const status = await notifier(director(), "status", "--json");
  const all = [text, status.text, ...running.lines].join("\n");
  expect(all).toContain("mail cannot be sent until somebody mends this");
  const encoded = Buffer.from("\0ha\0wr0ng-passw0rd").toString("base64");
  for (const secret of ["wr0ng-passw0rd", encoded, Buffer.from("wr0ng-passw0rd").toString("base64")])
    expect(all).not.toContain(secret);
});

test("Exim: a certificate that nobody vouches for gets no letter, and no letter in clear instead", async () => {
  const before = mailbox(peer).length;
  await withSettings(`server = ${mail()}:${EXIM_PORT}`, "tls = required");
  const { code, text } = await notifier(director(), "test", "--wait", "20");
  expect(code).toBe(1);
  expect(text).toContain("the certificate is not trusted: see ca-file, tls-name and verify");
  expect(mailbox(peer)).toHaveLength(before);
});

test("smtp-sink: has no TLS; opportunistic mail arrives, required waits", async () => {
  const captured = () => readdirSync(peer.path("/srv/sink")).map((name) => peer.read(`/srv/sink/${name}`));
  await withSettings(`server = ${mail()}:${SINK_PORT}`, "tls = required");
  expect((await notifier(director(), "test", "--wait", "10")).text).toContain(
    "TLS failed: is tls = what this port speaks?",
  );
  expect(captured()).toEqual([]);
  await withSettings(`server = ${mail()}:${SINK_PORT}`);
  expect((await notifier(director(), "test", "sink@test")).code).toBe(0);
  await until("the letter", () => captured().some((text) => text.includes("X-Rcpt-Args: <sink@test>")));
});

test("ldirectord's emailalert goes by the server of its smtp=, as ldirectord wrote it; our own letter by ours", async () => {
  await withSettings(...exim());
  await masqDirector(cluster, "director1");
  const web = await serve(cluster.node("real1"), 80);
  director().put(
    "/etc/ha.d/ldirectord.cf",
    [
      "checkinterval=1\nchecktimeout=2\nquiescent=yes",
      `emailalert="web@test"\nemailalertfrom="LVS <lvs@test>"\nsmtp=${mail()}:${SINK_PORT}`,
      `virtual=${VIP}:80\n\treal=10.0.2.11:80 masq\n\tchecktype=connect\n\tscheduler=rr\n`,
    ].join("\n"),
  );
  const program = new URL("../../packages/ldirectord/dist/bin/ldirectord.js", import.meta.url).pathname;
  const ldirectord = await director().spawn([
    process.execPath,
    program,
    "--foreground",
    "ldirectord.cf",
    "start",
  ]);
  const heard = () => daemon!.lines.some((line) => line.includes("listening to ldirectord"));
  await until("notifierd to listen to it", heard, { limitMs: 60_000 });
  await until(
    "the real server to be up",
    () => ldirectord.lines.some((line) => line.includes("Check passed")),
    {
      limitMs: 60_000,
    },
  );
  await web.stop();
  // On a busy machine the first check may have failed: then "Added real server" comes before it.
  const alert = () =>
    readdirSync(peer.path("/srv/sink"))
      .map((name) => peer.read(`/srv/sink/${name}`))
      .find((text) => /^Subject: Quiescent real server: 10\.0\.2\.11:80/m.test(text));
  const arrived = await until("the alert", alert, { limitMs: 60_000 });
  expect(arrived).toMatch(/^X-Mail-Args: <lvs@test>/m);
  expect(arrived).toMatch(/^X-Rcpt-Args: <web@test>/m);
  expect(arrived).toMatch(/^X-Systole-Node: director1/m);
  expect(arrived).toMatch(/^ldirectord host: director1$/m);
  const ours = /^Subject: \[critical\] director1: real server 10\.0\.2\.11:80 of/m;
  await until("our own letter", () => ours.test(mailbox(peer)), { limitMs: 60_000 });
  await ldirectord.stop();
});
