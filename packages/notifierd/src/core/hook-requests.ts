/** A letter as the requests that a webhook understands. */
import type { Letter, Severity } from "../types.js";

export type HookFormat = "json" | "slack" | "pagerduty";

export interface HookRequest {
  readonly body: string;
  readonly headers: Readonly<Record<string, string>>;
}

/** Requests for one letter: one for each trouble where the receiver keeps an incident for each. */
const TROUBLES = 25;
const SLACK_LIMIT = 3000;

/** @param key PagerDuty's routing key */
export function hookRequests(
  format: HookFormat,
  letter: Letter,
  key: string | undefined,
): readonly HookRequest[] {
  switch (format) {
    case "json":
      return [request(asJson(letter), letter)];
    case "slack":
      return [request(asSlack(letter), letter)];
    case "pagerduty":
      return asPagerDuty(letter, key ?? "").map((one) => request(one, letter));
  }
}

/** The same for every attempt: a receiver can tell a repeat. */
const request = (value: unknown, { messageId }: Letter): HookRequest => ({
  body: JSON.stringify(value),
  headers: {
    "Content-Type": "application/json",
    "User-Agent": "Systole",
    "Idempotency-Key": messageId.slice(1, -1),
  },
});

function asJson({
  id,
  messageId,
  inReplyTo,
  createdAtMs,
  node,
  severity,
  subject,
  text,
  opens,
  closes,
  events,
}: Letter) {
  return {
    ...{ schemaVersion: 1, id, messageId, inReplyTo: inReplyTo ?? null },
    createdAt: new Date(createdAtMs).toISOString(),
    ...{ node, severity, subject, text, opens, closes, events },
  };
}

const ICONS: Readonly<Record<Severity, string>> = {
  info: ":information_source:",
  notice: ":white_check_mark:",
  warning: ":warning:",
  critical: ":rotating_light:",
};

/** Slack wants these three escaped and nothing else. */
const escapeSlack = (text: string): string =>
  text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;");

function asSlack({ severity, subject, text }: Letter) {
  const [story = ""] = text.split("\n-- \n");
  const quoted = escapeSlack(story.trimEnd()).replaceAll("```", "'''").slice(0, SLACK_LIMIT);
  return { text: `${ICONS[severity]} *${escapeSlack(subject)}*\n\`\`\`\n${quoted}\n\`\`\`` };
}

const PAGERDUTY_SEVERITY: Readonly<Record<Severity, string>> = {
  ...{ info: "info", notice: "info", warning: "warning", critical: "critical" },
};

/** Events API v2: an incident for each trouble, closed by its end. */
function asPagerDuty(letter: Letter, key: string): readonly unknown[] {
  const { node, severity, subject, text, createdAtMs, opens, closes, id } = letter;
  const payload = {
    summary: subject.slice(0, 1024),
    ...{
      source: node,
      severity: PAGERDUTY_SEVERITY[severity],
      timestamp: new Date(createdAtMs).toISOString(),
    },
    ...{ component: "systole", custom_details: { text: text.slice(0, 20_000) } },
  };
  const event = (action: "trigger" | "resolve", trouble: string) => ({
    ...{ routing_key: key, event_action: action, dedup_key: `${node} ${trouble}`.slice(0, 255) },
    ...(action === "trigger" ? { payload } : {}),
  });
  const all = [
    ...opens.map((trouble) => event("trigger", trouble)),
    ...closes.map((trouble) => event("resolve", trouble)),
  ];
  return all.length === 0 ? [event("trigger", id)] : all.slice(0, TROUBLES);
}
