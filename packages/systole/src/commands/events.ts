/** `systole events`: what happened on this node, and with -f what happens. */
import { setTimeout as pause } from "node:timers/promises";
import type { Command, Output } from "@systole/daemon";
import * as audit from "../audit-trail.js";
import { eventLine } from "../story-view.js";

const POLL_MS = 250;
const SEVERITIES = ["info", "notice", "warning", "critical"];

const print = (out: Output, record: audit.AuditRecord): void =>
  out.wantsJson ? out.line(JSON.stringify(record)) : out.line(eventLine(record));

export const eventsCommand = (trail: string = audit.AUDIT_TRAIL): Command => ({
  name: "events",
  summary: "what happened on this node, from the audit trail",
  options: {
    follow: { type: "boolean", short: "f", help: "go on with what happens, until interrupted" },
    last: { type: "string", short: "n", value: "NUMBER", default: "50", help: "so many of the last events" },
    severity: {
      type: "string",
      value: "LEVEL",
      default: "info",
      help: "at least: info, notice, warning, critical",
    },
    verify: { type: "boolean", help: "has a line been changed or removed? exit 1 if so" },
    trail: { type: "string", value: "FILE", default: trail, help: "another audit trail" },
  },
  async run({ options, out }) {
    const path = String(options.trail);
    const last = Number(options.last);
    const least = SEVERITIES.indexOf(String(options.severity));
    if (!Number.isSafeInteger(last) || last < 0)
      throw new Error(`--last: "${String(options.last)}" is no number`);
    if (least === -1)
      throw new Error(`--severity: "${String(options.severity)}" is none of ${SEVERITIES.join(", ")}`);
    if (options.verify === true) return verify(out, audit.trailLines(path));
    const worth = (record: audit.AuditRecord) => SEVERITIES.indexOf(record.severity) >= least;
    const more = audit.trailTail(path); // before what is there is read, so that nothing falls between
    const lines = options.follow === true ? linesOrNone(path) : audit.trailLines(path);
    for (const record of audit
      .records(lines)
      .filter(worth)
      .slice(last === 0 ? Number.POSITIVE_INFINITY : -last))
      print(out, record);
    while (options.follow === true) {
      await pause(POLL_MS);
      for (const record of audit.records(more()).filter(worth)) print(out, record);
    }
    return 0;
  },
});

/** Who follows may be earlier than the first event. */
function linesOrNone(path: string): readonly string[] {
  try {
    return audit.trailLines(path);
  } catch {
    return [];
  }
}

function verify(out: Output, lines: readonly string[]): number {
  const broken = audit.brokenLinks(lines);
  const torn = lines.filter((line) => audit.readRecord(line) === undefined).length;
  if (out.wantsJson) out.json({ lines: lines.length, torn, broken });
  else {
    for (const line of broken) out.line(`line ${line}: what stood before it was changed or removed`);
    out.line(`${lines.length} lines, ${torn} torn by a crash, ${broken.length} breaks`);
  }
  return broken.length === 0 ? 0 : 1;
}
