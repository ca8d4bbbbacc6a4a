/** TLS of checks against real servers on the loopback: nobody is verified unless asked, SNI, our own certificate, expiry. */
import { readFileSync } from "node:fs";
import { createServer } from "node:https";
import type { AddressInfo } from "node:net";
import { fileURLToPath } from "node:url";
import { milliseconds, systemClock } from "@systole/machine";
import { parseIp } from "@systole/wire";
import { afterAll, beforeAll, expect, test } from "vitest";
import { createCheckRunner } from "../src/checks/runner.js";
import { expiryWarning } from "../src/checks/tls.js";
import { type SslSettings, tlsSettings } from "../src/config/ssl.js";
import type { CheckResult, DialogueSpec } from "../src/core/configured.js";

const fixture = (name: string) => fileURLToPath(new URL(`fixtures/${name}`, import.meta.url));
const [authority, server, client] = ["authority.pem", "server.pem", "client.pem"].map(fixture);
const pem = readFileSync(server!);
/** 2120: the certificates of the fixtures are in their last years. */
const LATE = Date.UTC(2126, 5, 1);
const runner = createCheckRunner(systemClock(), { wallClock: () => LATE });
const names: (string | boolean | null)[] = [];
const open = createServer(
  { key: pem, cert: pem, SNICallback: (name, done) => [names.push(name), done(null)] },
  (_, response) => response.end("OK"),
);
const strict = createServer(
  { key: pem, cert: pem, ca: readFileSync(authority!), requestCert: true, rejectUnauthorized: true },
  (_, response) => response.end("OK"),
);

beforeAll(async () => {
  for (const each of [open, strict]) {
    each.on("tlsClientError", () => {});
    await new Promise<void>((listening) => each.listen(0, "127.0.0.1", listening));
  }
});
afterAll(async () => {
  open.close();
  strict.close();
  await runner.close();
});

const check = (where: typeof open, ssl: SslSettings, virtualHost?: string): Promise<CheckResult> => {
  const spec: DialogueSpec = {
    type: "negotiate",
    service: "https",
    transport: "tcp",
    target: { address: parseIp("127.0.0.1")!, port: (where.address() as AddressInfo).port }, // it listens on TCP
    limit: milliseconds(10_000),
    request: "/",
    receive: "OK",
    virtualHost,
    method: "GET",
    login: "",
    password: "",
    database: "",
    secret: "",
    tls: tlsSettings(ssl, {}),
    redirects: true,
  };
  return new Promise((finish) => runner.run(spec, finish));
};

test("nobody is verified unless asked; then an unknown authority is a reason", async () => {
  expect(await check(open, {})).toMatchObject({ up: true });
  expect(await check(open, { verify: true })).toMatchObject({
    up: false,
    reason: expect.stringMatching(/unable to verify|self.signed|issuer/i),
  });
});

test.each([
  { name: "by name", ssl: { serverName: "www.example.test" }, up: true },
  { name: "by virtualhost", ssl: {}, virtualHost: "www.example.test:443", up: true },
  { name: "by address where there is no name", ssl: {}, up: true },
  { name: "another name", ssl: { serverName: "mail.example.test" }, up: false },
])("verified $name: up $up", async ({ ssl, virtualHost, up }) => {
  const result = await check(open, { verify: true, caFile: authority!, ...ssl }, virtualHost);
  expect(result).toMatchObject(up ? { up } : { up, reason: expect.stringContaining("mail.example.test") });
});

test("SNI is sslservername, else virtualhost without its port, never an address", async () => {
  names.length = 0;
  await check(open, { serverName: "sni.example.test" }, "www.example.test");
  await check(open, {}, "www.example.test:8443");
  await check(open, {});
  expect(names).toEqual(["sni.example.test", "www.example.test"]);
});

test("a server that asks for a certificate gets ours", async () => {
  expect(await check(strict, { certFile: client! })).toMatchObject({ up: true });
  expect(await check(strict, {})).toMatchObject({ up: false });
});

test("a file that is gone is a reason, not the end", async () => {
  expect(await check(open, { caFile: "/nonexistent/ca.pem" })).toMatchObject({
    up: false,
    reason: expect.stringMatching(/^TLS: ENOENT/),
  });
});

test("a certificate that ends soon is said, and the server is up", async () => {
  expect(await check(open, { expiryDays: 300 })).toMatchObject({
    up: true,
    warning: expect.stringMatching(/^its certificate ends on 2126-/),
  });
  expect(await check(open, { expiryDays: 30 })).not.toHaveProperty("warning");
});

test.each([
  { days: 30, ends: "Jan 31 00:00:00 2027 GMT", warning: "its certificate ends on 2027-01-31, in 30 days" },
  { days: 29, ends: "Jan 31 00:00:00 2027 GMT", warning: undefined },
  { days: 29, ends: "Dec 31 00:00:00 2026 GMT", warning: "its certificate ended on 2026-12-31" },
  { days: 29, ends: "no date", warning: undefined },
])("on 2027-01-01 with $days days, a certificate until $ends: $warning", ({ days, ends, warning }) => {
  expect(expiryWarning({ valid_to: ends }, days, Date.UTC(2027, 0, 1))).toBe(warning);
});
