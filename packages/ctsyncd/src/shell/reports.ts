/** What the session reports: to the log, and to whoever subscribed. */
import type { EventLog } from "@systole/bus";
import type { Logger } from "pino";
import type { Report } from "../core/session.types.js";
import { logLine } from "../log-lines.js";

export function tell(
  { log, events }: { readonly log: Logger; readonly events: EventLog },
  report: Report,
): void {
  const { level, event, text } = logLine(report);
  log[level]({ event, ...report }, text);
  switch (report.kind) {
    case "peer-established":
      events.publish("info", { kind: "sync.established", peer: report.peer });
      return;
    case "peer-lost": {
      const reason = `silent for ${(report.silentMs / 1000).toFixed(1)} s`;
      events.publish("warning", { kind: "sync.lost", peer: report.peer, reason });
      return;
    }
    case "coverage-low":
    case "coverage-whole": {
      const { peer, asked, equal, missing } = report;
      const low = report.kind === "coverage-low";
      const kind = low ? "sync.incomplete" : "sync.complete";
      events.publish(low ? "warning" : "info", { kind, peer, asked, equal, missing });
      return;
    }
    case "commit-finished": {
      const { written, updated, unchanged, failed, totalMs } = report.summary;
      const fact = { written: written + updated + unchanged, failed, totalMs: Math.round(totalMs) };
      events.publish(failed === 0 ? "info" : "warning", { kind: "commit.finished", ...fact });
      return;
    }
    default:
      return; // of no interest to other daemons
  }
}
