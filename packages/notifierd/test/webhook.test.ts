import { createHmac } from "node:crypto";
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createServer, type IncomingHttpHeaders, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { seconds, systemClock } from "@systole/machine";
import { afterEach, beforeEach, expect, test } from "vitest";
import type { Webhook } from "../src/config/settings.js";
import { hookRequests } from "../src/core/hook-requests.js";
import { Dialogue } from "../src/shell/dialogue.js";
import { deliverByWebhook } from "../src/shell/webhook.js";
import type { Letter } from "../src/types.js";

interface Post {
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
}
let server: Server;
let directory: string;
let posts: Post[];
let reply: { code: number; headers?: Record<string, string>; text?: string };

beforeEach(async () => {
  posts = [];
  reply = { code: 200 };
  directory = mkdtempSync(join(tmpdir(), "systole-webhook-"));
  server = createServer((request, response) => {
    let body = "";
    request.setEncoding("utf8");
    request.on("data", (chunk: string) => {
      body += chunk;
    });
    request.on("end", () => {
      posts.push({ headers: request.headers, body });
      response.writeHead(reply.code, reply.headers).end(reply.text ?? "ok");
    });
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
});
afterEach(async () => {
  await new Promise((resolve) => server.close(resolve));
  rmSync(directory, { recursive: true });
});

const letter: Letter = {
  ...{ schemaVersion: 1, id: "1.a", channel: "webhook chat", createdAtMs: Date.UTC(2026, 10, 20, 12, 0, 0) },
  ...{ messageId: "<a@systole.lb2>", from: "systole@lb2", subject: "[critical] lb2: <fallback> & more" },
  ...{ text: "* story\n\n-- \nsignature\n", severity: "critical", node: "lb2" },
  ...{ opens: ["fallback tcp 192.0.2.10:80", "server x"], closes: ["node lb1"], events: ["e1"] },
  deliveries: [{ address: "chat", state: "waiting", attempts: 0 }],
};

const url = () => `http://127.0.0.1:${(server.address() as AddressInfo).port}/secret-path`; // a TCP server's address
const hook = (over: Partial<Webhook> = {}): Webhook => ({
  ...{ name: "chat", format: "json", url: url(), urlFile: undefined, keyFile: undefined, caFile: undefined },
  timeout: seconds(5),
  ...over,
});

function secret(name: string, text: string, mode = 0o600): string {
  const path = join(directory, name);
  writeFileSync(path, `${text}\n`);
  chmodSync(path, mode);
  return path;
}

const send = (over: Partial<Webhook> = {}, dialogue = new Dialogue()) =>
  deliverByWebhook(hook(over), letter, { clock: systemClock(), dialogue });

test("json: the whole letter, signed, the same key for every attempt", async () => {
  const outcome = await send({
    urlFile: secret("url", url()),
    url: undefined,
    keyFile: secret("key", "k3y"),
  });
  expect(outcome).toMatchObject({ answers: [{ address: "chat", verdict: "delivered" }] });
  const [{ headers, body } = { headers: {}, body: "" }] = posts;
  expect(JSON.parse(body)).toMatchObject({
    id: "1.a",
    severity: "critical",
    subject: letter.subject,
    events: ["e1"],
  });
  expect(headers["idempotency-key"]).toBe("a@systole.lb2");
  expect(headers["x-systole-signature"]).toBe(
    `sha256=${createHmac("sha256", "k3y").update(body).digest("hex")}`,
  );
});

test("slack: what it would read as markup is text", async () => {
  await send({ format: "slack" });
  expect(JSON.parse(posts[0]!.body)).toEqual({
    text: ":rotating_light: *[critical] lb2: &lt;fallback&gt; &amp; more*\n```\n* story\n```",
  });
});

test("pagerduty: an incident for each trouble, resolved by its end", async () => {
  await send({ format: "pagerduty", keyFile: secret("key", "r0ut1ng") });
  const events = posts.map(({ body }) => JSON.parse(body));
  expect(events.map((one) => `${one.routing_key} ${one.event_action} ${one.dedup_key}`)).toEqual([
    "r0ut1ng trigger lb2 fallback tcp 192.0.2.10:80",
    "r0ut1ng trigger lb2 server x",
    "r0ut1ng resolve lb2 node lb1",
  ]);
  expect(events[0].payload).toMatchObject({ severity: "critical", source: "lb2", summary: letter.subject });
});

test("a letter about no trouble is an incident of its own", () => {
  const [only] = hookRequests("pagerduty", { ...letter, opens: [], closes: [] }, "k");
  expect(JSON.parse(only!.body)).toMatchObject({ event_action: "trigger", dedup_key: "lb2 1.a" });
});

test.each([
  { code: 500, outcome: { type: "answered", answers: [{ verdict: "later" }] } },
  { code: 400, outcome: { type: "answered", answers: [{ verdict: "never" }] } },
  { code: 302, outcome: { type: "answered", answers: [{ verdict: "never" }] } },
  { code: 403, outcome: { type: "unreachable", alarm: true } },
])("$code is taken for what it is", async ({ code, outcome }) => {
  reply = { code, headers: { location: "http://127.0.0.1:1/elsewhere" } };
  expect(await send()).toMatchObject(outcome);
  expect(posts).toHaveLength(1); // a redirection is not followed
});

test("429 comes again when the server says so", async () => {
  reply = { code: 429, headers: { "retry-after": "90" } };
  expect(await send()).toMatchObject({ answers: [{ verdict: "later", retryAfterMs: 90_000 }] });
});

test("neither the URL nor a key is in what people see, whatever goes wrong", async () => {
  const dialogue = new Dialogue();
  const keyFile = secret("key", "k3y-s3cret");
  const told = [
    await send({ keyFile }, dialogue),
    await send({ keyFile, url: "http://127.0.0.1:1/secret-path" }, dialogue),
    await send({ keyFile: secret("open", "k3y-s3cret", 0o644) }, dialogue),
  ];
  const all = JSON.stringify([told, dialogue.lines]);
  expect(told.map(({ type }) => type)).toEqual(["answered", "unreachable", "unreachable"]);
  expect(all).toContain("can be read by others");
  for (const forbidden of ["secret-path", "k3y-s3cret"]) expect(all).not.toContain(forbidden);
});
