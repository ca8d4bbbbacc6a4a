/** Carries out what the session orders, and feeds back what came of it. */
import type { EventLog } from "@systole/bus";
import { type CommitResult, type Conntrack, errorCode } from "@systole/kernel";
import type { Clock } from "@systole/machine";
import type { Flow } from "@systole/node-netlink";
import type { Logger } from "pino";
import type { BatchResult } from "../core/commit.js";
import type { Answer, Report, SessionAction, SessionEvent } from "../core/session.types.js";
import { logLine } from "../log-lines.js";
import type { Channel } from "./channel.js";

export interface PerformerOptions {
  readonly conntrack: Conntrack;
  readonly channel: Pick<Channel, "send">;
  readonly clock: Clock;
  readonly log: Logger;
  readonly events: EventLog;
  readonly answered: (ticket: number, answer: Answer) => void;
  readonly feed: (event: SessionEvent) => void;
  readonly background: (what: string, work: Promise<unknown>) => void;
}

/** Returns the function that performs one action. */
export function createPerformer(options: PerformerOptions): (action: SessionAction) => void {
  const { conntrack, channel, answered, feed, background } = options;
  return (action) => {
    switch (action.type) {
      case "send":
        channel.send(action.datagram);
        return;
      case "dump":
        background("reading the conntrack table", dump(options));
        return;
      case "write":
        background("committing", write(conntrack, action.flows).then(feed));
        return;
      case "remove":
        background("removing flows", remove(conntrack, action.flows).then(feed));
        return;
      case "answer":
        answered(action.ticket, action.answer);
        return;
      case "report":
        tell(options, action.report);
        return;
    }
  };
}

const problemOf = (error: unknown): string => (error instanceof Error ? error.message : String(error));

/** Flows of a dump that are taken in at once: some 20 ms of work, so that peers do not think we are silent. */
const DUMP_PART = 1000;

async function dump({ conntrack, clock, feed }: PerformerOptions): Promise<void> {
  let flows: readonly Flow[];
  try {
    flows = await conntrack.dump();
  } catch (error) {
    feed({ type: "dump-failed", problem: problemOf(error) });
    return;
  }
  for (let from = 0; from + DUMP_PART < flows.length; from += DUMP_PART) {
    feed({ type: "dumped", flows: flows.slice(from, from + DUMP_PART), more: true });
    await new Promise<void>((resolve) => void clock.afterPending(resolve));
  }
  feed({ type: "dumped", flows: flows.slice(lastPart(flows.length)), more: false });
}

/** Where the last part begins. */
const lastPart = (length: number): number => Math.max(0, Math.ceil(length / DUMP_PART) - 1) * DUMP_PART;

async function write(conntrack: Conntrack, flows: readonly Flow[]): Promise<SessionEvent> {
  try {
    return { type: "batch-done", result: batchResult(await conntrack.commit(flows)) };
  } catch (error) {
    const result = { written: 0, updated: 0, failed: flows.length, error: problemOf(error) };
    return { type: "batch-done", result };
  }
}

const batchResult = ({ written, updated, failed, firstError }: CommitResult): BatchResult => ({
  written,
  updated,
  failed,
  ...(firstError !== undefined && { error: firstError.message }),
});

/** A flow that is gone already counts as removed. */
async function remove(conntrack: Conntrack, flows: readonly Flow[]): Promise<SessionEvent> {
  let written = 0;
  let failed = 0;
  let problem: string | undefined;
  for (const flow of flows) {
    try {
      await conntrack.remove(flow);
      written += 1;
    } catch (error) {
      if (errorCode(error) === "ENOENT") written += 1;
      else failed += 1;
      if (errorCode(error) !== "ENOENT") problem ??= problemOf(error);
    }
  }
  const result = { written, updated: 0, failed, ...(problem !== undefined && { error: problem }) };
  return { type: "batch-done", result };
}

/** To the log, and to whoever subscribed. */
function tell({ log, events }: PerformerOptions, report: Report): void {
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
    case "commit-finished": {
      const { written, updated, failed, totalMs } = report.summary;
      const fact = { written: written + updated, failed, totalMs: Math.round(totalMs) };
      events.publish(failed === 0 ? "info" : "warning", { kind: "commit.finished", ...fact });
      return;
    }
    default:
      return; // of no interest to other daemons
  }
}
