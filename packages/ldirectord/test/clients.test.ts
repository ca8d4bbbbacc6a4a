/** Service types that libraries speak, against servers that are not what they should be; test/interop has real ones. */
import { type AddressInfo, createServer, type Server, type Socket } from "node:net";
import { milliseconds, systemClock } from "@systole/machine";
import { parseIp } from "@systole/wire";
import { afterAll, expect, test } from "vitest";
import { createCheckRunner } from "../src/checks/runner.js";
import { tlsSettings } from "../src/config/ssl.js";
import type { CheckResult, ClientService, ClientSpec } from "../src/core/configured.js";

const oracle = {
  asked: [] as unknown[],
  rows: [[1]] as unknown[],
  async getConnection(options: unknown) {
    this.asked.push(options);
    const { rows, asked } = this;
    const execute = async (sql: string) => [asked.push(sql), { rows }][1];
    return { callTimeout: 0, execute, close: async () => void asked.push("closed") };
  },
};
const runner = createCheckRunner(systemClock(), { load: async () => ({ default: oracle }) });
const servers: Server[] = [];
const open: Socket[] = [];
afterAll(async () => {
  for (const socket of open) socket.destroy();
  for (const server of servers) server.close();
  await runner.close();
});

/** A server that says this to whoever connects, and nothing more. */
async function serverSaying(greeting: string): Promise<number> {
  const server = createServer((socket) => {
    open.push(socket);
    socket.on("error", () => {});
    socket.write(greeting);
  });
  servers.push(server);
  await new Promise<void>((listening) => server.listen(0, "127.0.0.1", listening));
  return (server.address() as AddressInfo).port; // a TCP server
}

const check = (service: ClientService, port: number, limit = 10_000): Promise<CheckResult> => {
  const spec: ClientSpec = {
    type: "negotiate",
    service,
    transport: "tcp",
    target: { address: parseIp("127.0.0.1")!, port },
    limit: milliseconds(limit),
    request: "select 1",
    receive: undefined,
    virtualHost: undefined,
    method: "GET",
    login: "checker",
    password: "secret",
    database: "shop",
    secret: "",
    tls: tlsSettings({}, {}),
    redirects: true,
  };
  return new Promise((finish) => runner.run(spec, finish));
};

const SERVICES: readonly ClientService[] = ["ldap", "ldaps", "mysql", "pgsql"];

test.each(SERVICES)("%s where nothing listens is refused", async (service) => {
  const port = await serverSaying("");
  await new Promise((closed) => servers.pop()!.close(closed));
  expect(await check(service, port)).toMatchObject({
    up: false,
    reason: `127.0.0.1:${port} refused the connection`,
  });
});

test.each(SERVICES)("%s that accepts and stays silent is down at the limit", async (service) => {
  const port = await serverSaying("");
  const result = await check(service, port, 400);
  expect(result).toMatchObject({
    up: false,
    reason: `127.0.0.1:${port} took the connection, but did not answer in full within 0.4 s`,
  });
});

test.each(SERVICES)("%s that speaks another language is down, and nothing breaks", async (service) => {
  const port = await serverSaying("220 mail.example.test ESMTP\r\n".repeat(40));
  expect(await check(service, port, 2000)).toMatchObject({ up: false });
});

test("oracle is asked through the package that somebody installed: rows are up, none are down", async () => {
  expect(await check("oracle", 1521)).toMatchObject({ up: true, message: "1 rows" });
  expect(oracle.asked).toEqual([
    { user: "checker", password: "secret", connectString: "127.0.0.1:1521/shop?connect_timeout=10" },
    "select 1",
    "closed",
  ]);
  oracle.rows = [];
  expect(await check("oracle", 1521)).toMatchObject({
    up: false,
    reason: "the request has no row as its answer",
  });
});
