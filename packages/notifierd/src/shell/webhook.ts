/**
 * A letter as an HTTP POST. 2xx is taken; 408, 425, 429 and 5xx come again, not before `Retry-After`; 401, 403 and 404
 * are somebody's mistake that a person has to mend, so the letter waits; any other answer is a refusal for good.
 */
import { createHmac } from "node:crypto";
import { readFileSync } from "node:fs";
import { request as httpRequest, type IncomingMessage } from "node:http";
import { request as httpsRequest } from "node:https";
import { type Clock, milliseconds, plus } from "@systole/machine";
import type { Webhook } from "../config/settings.js";
import { type HookRequest, hookRequests } from "../core/hook-requests.js";
import type { Answer } from "../core/queue.js";
import type { Letter } from "../types.js";
import type { Dialogue } from "./dialogue.js";
import type { Outcome } from "./outcome.js";
import { readSecret } from "./secret.js";

export interface WebhookParts {
  readonly clock: Clock;
  readonly dialogue?: Dialogue;
}

const PAGERDUTY = "https://events.pagerduty.com/v2/enqueue";
const ANSWER_LIMIT = 2000;
const LONGEST_WAIT_S = 3600;

interface Reply {
  readonly code: number;
  readonly text: string;
  readonly retryAfterMs?: number;
}

/** Never throws. */
export async function deliverByWebhook(hook: Webhook, letter: Letter, parts: WebhookParts): Promise<Outcome> {
  const address = hook.name;
  try {
    const url = hook.url ?? (hook.urlFile === undefined ? PAGERDUTY : readSecret(hook.urlFile));
    const key = hook.keyFile === undefined ? undefined : readSecret(hook.keyFile);
    for (const one of hookRequests(hook.format, letter, key)) {
      const reply = await post(url, one, hook, key, parts);
      parts.dialogue?.add("S", `${reply.code} ${reply.text}`);
      const outcome = judge(address, reply);
      if (outcome !== undefined) return outcome;
    }
    return answered({ address, verdict: "delivered", reply: "taken" });
  } catch (error) {
    // The URL is a secret: what Node says of a failure names host and port at most.
    const problem = error instanceof Error ? error.message : String(error);
    const alarm = /certificate|self.signed|altnames|can be read|belongs to|is a link|no credential/i.test(
      problem,
    );
    return { type: "unreachable", problem, alarm };
  }
}

const answered = (answer: Answer): Outcome => ({
  type: "answered",
  server: `webhook ${answer.address}`,
  tls: true,
  answers: [answer],
});

/** Undefined: taken. */
function judge(address: string, { code, text, retryAfterMs }: Reply): Outcome | undefined {
  if (code >= 200 && code < 300) return undefined;
  const reply = `${code} ${text}`.trim();
  if (code === 401 || code === 403 || code === 404)
    return { type: "unreachable", problem: reply, alarm: true };
  const later = code === 408 || code === 425 || code === 429 || code >= 500;
  if (!later) return answered({ address, verdict: "never", reply });
  return answered({
    address,
    verdict: "later",
    reply,
    ...(retryAfterMs === undefined ? {} : { retryAfterMs }),
  });
}

function post(
  url: string,
  { body, headers }: HookRequest,
  hook: Webhook,
  key: string | undefined,
  parts: WebhookParts,
) {
  const { clock, dialogue } = parts;
  const signature =
    hook.format === "json" && key !== undefined
      ? { "X-Systole-Signature": `sha256=${createHmac("sha256", key).update(body).digest("hex")}` }
      : {};
  const target = new URL(url);
  const request = target.protocol === "http:" ? httpRequest : httpsRequest;
  dialogue?.add("C", `POST to ${target.host}, ${Buffer.byteLength(body)} bytes`);
  return new Promise<Reply>((resolve, reject) => {
    const asked = request(target, {
      method: "POST",
      headers: { ...headers, ...signature, "Content-Length": Buffer.byteLength(body) },
      ...(hook.caFile === undefined ? {} : { ca: readFileSync(hook.caFile) }),
    });
    const callOff = clock.at(plus(clock.now(), milliseconds(hook.timeout)), () =>
      asked.destroy(new Error(`no answer in ${hook.timeout} ms`)),
    );
    asked.on("error", reject);
    asked.on("close", callOff);
    asked.on("response", (response) => read(response, resolve, reject));
    asked.end(body);
  });
}

function read(
  response: IncomingMessage,
  resolve: (reply: Reply) => void,
  reject: (error: Error) => void,
): void {
  let text = "";
  response.setEncoding("utf8");
  response.on("data", (chunk: string) => {
    text = (text + chunk).slice(0, ANSWER_LIMIT);
  });
  response.on("error", reject);
  response.on("end", () => {
    const after = Number(response.headers["retry-after"]);
    const wait =
      Number.isFinite(after) && after > 0 ? { retryAfterMs: Math.min(after, LONGEST_WAIT_S) * 1000 } : {};
    resolve({ code: response.statusCode ?? 0, text: text.replaceAll(/\s+/g, " ").slice(0, 200), ...wait });
  });
}
