/**
 * What the log says. Texts that people and scripts know from conntrackd are kept where there is one.
 *
 * One function for each kind of report would be one line each; so it is one table.
 */
import type { Report } from "./core/session.types.js";

export interface LogLine {
  readonly level: "info" | "warn" | "error" | "debug";
  readonly event: string;
  readonly text: string;
}

type Kind = Report["kind"];
type LineOf<K extends Kind> = (report: Extract<Report, { kind: K }>) => LogLine;

const line = (level: LogLine["level"], event: string, text: string): LogLine => ({ level, event, text });

const LINES: { readonly [K in Kind]: LineOf<K> } = {
  "peer-established": ({ peer }) => line("info", "sync.established", `in contact with ${peer}`),
  "peer-lost": ({ peer, silentMs }) =>
    line("warn", "sync.lost", `peer ${peer} has been silent for ${Math.round(silentMs / 100) / 10} s`),
  "peer-restarted": ({ peer }) => line("info", "sync.restarted", `peer ${peer} started anew`),
  stranger: ({ from }) =>
    line("warn", "sync.stranger", `${from} is not a configured peer: what it sends is dropped`),
  malformed: ({ peer, problem }) =>
    line("warn", "sync.malformed", `malformed message from ${peer} dropped: ${problem}`),
  "bulk-requested": ({ peer }) => line("info", "sync.resync", `resync requested from ${peer}`),
  "bulk-queued": ({ flows }) => line("info", "sync.bulk", `sending bulk update: ${flows} entries`),
  "bulk-received": ({ peer, flows, swept }) =>
    line(
      "info",
      "sync.bulk-received",
      `bulk update of ${peer} complete: ${flows} entries, ${swept} outdated removed`,
    ),
  "bulk-given-up": ({ peer, attempts }) =>
    line(
      "warn",
      "sync.bulk-lossy",
      `bulk update of ${peer} lost messages ${attempts} times: nothing outdated removed`,
    ),
  "coverage-low": ({ peer, asked, equal, missing }) =>
    line(
      "warn",
      "sync.incomplete",
      `of ${asked} sampled entries ${peer} has ${equal}, lacks ${missing}, has ${asked - equal - missing} otherwise`,
    ),
  "coverage-whole": ({ peer, asked, equal }) =>
    line("info", "sync.complete", `of ${asked} sampled entries ${peer} has ${equal}`),
  "kernel-overrun": () =>
    line("warn", "kernel.overrun", "the kernel dropped conntrack events: resync with master conntrack table"),
  "kernel-resynced": ({ flows, ended, routine }) =>
    line(
      routine && ended === 0 ? "debug" : "info",
      "kernel.resynced",
      `own conntrack table read: ${flows} entries, ${ended} had ended unnoticed`,
    ),
  "kernel-dump-failed": ({ problem }) =>
    line("error", "kernel.dump-failed", `cannot read the conntrack table, next attempt in 5 s: ${problem}`),
  "cache-full": ({ cache, limit }) =>
    line("error", "cache.full", `the ${cache} cache is full: ${limit} entries, see HashLimit`),
  "commit-finished": ({ summary }) => commitLine(summary),
  "purge-planned": ({ seconds }) =>
    line("info", "purge.planned", `flushing conntrack table in ${seconds} secs`),
  purged: ({ flows, failed }) =>
    line(
      "info",
      "purge.finished",
      `flushing kernel conntrack table (scheduled): ${flows} removed, ${failed} failed`,
    ),
};

function commitLine({
  written,
  updated,
  unchanged,
  expectations,
  failed,
  totalMs,
  error,
}: Extract<Report, { kind: "commit-finished" }>["summary"]): LogLine {
  const seconds = (totalMs / 1000).toFixed(6);
  const refused = failed === 0 ? "" : `, ${failed} entries can't be committed (${error})`;
  const expected = expectations === 0 ? "" : `, Committed ${expectations} new expectations`;
  const counts = `Committed ${written} new entries, ${updated} updated, ${unchanged} unchanged${refused}${expected}`;
  const text = `${counts}; commit has taken ${seconds} seconds`;
  return line(failed === 0 ? "info" : "warn", "commit.finished", text);
}

/** The line for a report. */
export function logLine(report: Report): LogLine {
  // The table has exactly one function for each kind, which takes the report of that kind.
  return (LINES[report.kind] as (report: Report) => LogLine)(report);
}
