/** The engine over real sockets on the loopback: limits, TLS, transcripts, a hostile page. */
import { readFileSync } from "node:fs";
import { createServer, type Server } from "node:http";
import { createServer as createTls } from "node:https";
import { type AddressInfo, createServer as createTcp } from "node:net";
import { milliseconds, systemClock } from "@systole/machine";
import { parseIp } from "@systole/wire";
import { afterAll, beforeAll, expect, test } from "vitest";
import { createCheckRunner } from "../src/checks/runner.js";
import { tlsSettings } from "../src/config/ssl.js";
import type { CheckResult, CheckSpec, DialogueSpec } from "../src/core/configured.js";

const pem = readFileSync(new URL("fixtures/self-signed.pem", import.meta.url));
const runner = createCheckRunner(systemClock());
const check = (spec: CheckSpec) => new Promise<CheckResult>((finish) => runner.run(spec, finish));
const LOOPBACK = parseIp("127.0.0.1")!;
const servers: { close(): void }[] = [];

function listen(server: Server | ReturnType<typeof createTcp>): Promise<number> {
  servers.push(server);
  return new Promise((port) =>
    server.listen(0, "127.0.0.1", () => port((server.address() as AddressInfo).port)),
  ); // a TCP server
}

let http: number;
let https: number;
let tarpit: number;
beforeAll(async () => {
  const page = (url: string | undefined) => (url === "/hostile" ? `${"a".repeat(40)}!` : "all is OK\n");
  http = await listen(createServer((request, response) => response.end(page(request.url))));
  https = await listen(createTls({ key: pem, cert: pem }, (_, response) => response.end("OK")));
  tarpit = await listen(createTcp(() => {}));
});
afterAll(async () => {
  for (const server of servers) server.close();
  await runner.close();
});

const negotiate = (port: number, more: Partial<DialogueSpec> = {}): DialogueSpec => ({
  type: "negotiate",
  service: "http",
  transport: "tcp",
  target: { address: LOOPBACK, port },
  limit: milliseconds(2000),
  request: "/check",
  receive: "is OK$",
  virtualHost: undefined,
  method: "GET",
  login: "",
  password: "",
  database: "",
  secret: "",
  tls: tlsSettings({}, {}),
  redirects: true,
  ...more,
});

test("http with an expression is up", async () => {
  expect(await check(negotiate(http))).toMatchObject({ up: true, message: "HTTP 200 OK on /check" });
});

test("https with a self-signed certificate is up, https on a plain port is not", async () => {
  expect(await check(negotiate(https, { service: "https", receive: "OK" }))).toMatchObject({ up: true });
  expect(await check(negotiate(http, { service: "https" }))).toMatchObject({
    up: false,
    reason: expect.stringContaining("TLS: "),
  });
});

test("down tells why, and what was said", async () => {
  expect(await check(negotiate(http, { receive: "never" }))).toMatchObject({
    up: false,
    reason: 'HTTP 200 OK on /check, but "never" is not in the 10 bytes of the body',
    transcript: expect.stringMatching(
      /^> GET \/check HTTP\/1\.1\n[\s\S]*< HTTP\/1\.1 200 OK\n[\s\S]*< all is OK\n$/,
    ),
  });
});

test("who accepts and stays silent is down at the limit, not later", async () => {
  const result = await check(negotiate(tarpit, { limit: milliseconds(300) }));
  expect(result).toMatchObject({
    up: false,
    reason: `127.0.0.1:${tarpit} took the connection, but did not answer in full within 0.3 s`,
  });
  expect(result.tookMs).toBeGreaterThanOrEqual(299);
  expect(result.tookMs).toBeLessThan(900);
});

test("a refused connection, and a port that is open", async () => {
  const closed = await listen(createTcp());
  servers.pop()!.close();
  const connect = (port: number): CheckSpec => ({
    type: "connect",
    target: { address: LOOPBACK, port },
    limit: milliseconds(1000),
  });
  expect(await check(connect(closed))).toMatchObject({
    up: false,
    reason: `127.0.0.1:${closed} refused the connection`,
  });
  expect(await check(connect(tarpit))).toMatchObject({ up: true });
});

test("a page against an expression that explodes: stopped after a second, other checks do not wait", async () => {
  const hostile = check(
    negotiate(http, { request: "/hostile", receive: "^(a+)+$", limit: milliseconds(5000) }),
  );
  const others = await Promise.all(Array.from({ length: 5 }, () => check(negotiate(http))));
  expect(others.map(({ up }) => up)).toEqual(others.map(() => true));
  expect(await hostile).toMatchObject({
    up: false,
    reason: "the receive expression took too long and was stopped",
  });
});

test("external: exit code, signal, time limit, arguments as they are", async () => {
  const external = (script: string, limit = 2000): CheckSpec => ({
    type: "external",
    command: ["/bin/sh", "-c", script, "check"],
    args: ["192.0.2.10", "80", "10.0.0.1", "8080; false"],
    limit: milliseconds(limit),
  });
  expect(await check(external('[ "$#" = 4 ] && [ "$4" = "8080; false" ]'))).toMatchObject({ up: true });
  expect(await check(external("exit 3"))).toMatchObject({ up: false, reason: "/bin/sh: exit code 3" });
  expect(await check(external("kill -9 $$"))).toMatchObject({
    up: false,
    reason: "/bin/sh was killed by SIGKILL",
  });
  expect(await check(external("sleep 60", 200))).toMatchObject({
    up: false,
    reason: "/bin/sh took longer than 0.2 s and was stopped",
  });
  expect(
    await check({ type: "external", command: ["/nonexistent"], args: [], limit: milliseconds(500) }),
  ).toMatchObject({ up: false });
});

test("a check that is called off says nothing any more", async () => {
  let said = 0;
  const callOff = runner.run(negotiate(tarpit, { limit: milliseconds(100) }), () => said++);
  callOff();
  await check(negotiate(tarpit, { limit: milliseconds(200) }));
  expect(said).toBe(0);
});
