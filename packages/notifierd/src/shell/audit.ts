/**
 * The audit trail: every event of this node, one JSON line each, appended and never changed.
 *
 * Events of one story share the id in `correlation` (`core/correlation.ts`); `config` says which files the daemon had
 * read (`core/configurations.ts`). Each line has the SHA-256 of the line before it: who changes or removes one has to
 * write all that follow anew. `systole why` and `systole events` read it. At 10 MiB the file moves to `.1`; five of
 * these are kept, and the first line of a new file has the hash of the last line of the old one.
 */
import { createHash } from "node:crypto";
import {
  closeSync,
  constants,
  existsSync,
  fstatSync,
  mkdirSync,
  openSync,
  readSync,
  renameSync,
  statSync,
  writeSync,
} from "node:fs";
import { dirname } from "node:path";
import type { Logger } from "@systole/daemon";
import { learn, NOTHING_READ } from "../core/configurations.js";
import { correlate, NOTHING_OPEN } from "../core/correlation.js";
import { meaning } from "../core/facts.js";
import { oneLine } from "../core/printable.js";
import * as lines from "../log-lines.js";
import { type ClusterEvent, eventId, type Fact } from "../types.js";
import { KnownEvents } from "./known-events.js";

export const AUDIT_FILE_BYTES = 10 * 1024 * 1024;
const KEPT = 5;
/** So much of the end is read at the start: what is in it is not written again. */
const TAIL_BYTES = 1024 * 1024;
export const FIRST_HASH = "0".repeat(64);

export interface AuditTrail {
  /** Never throws: what cannot be written is told in the log, once. */
  append(event: ClusterEvent): void;
}

export const hashOf = (line: string): string => createHash("sha256").update(line).digest("hex");

export function openAuditTrail(path: string, log: Logger): AuditTrail {
  const known = new KnownEvents();
  let previous = FIRST_HASH;
  let open = NOTHING_OPEN;
  let configurations = NOTHING_READ;
  let complained = false;
  /** A crash may have left half a line. */
  let torn = false;
  try {
    mkdirSync(dirname(path), { recursive: true, mode: 0o750 });
    const tail = readTail(path);
    torn = tail !== "" && !tail.endsWith("\n");
    const written = tail.split("\n").flatMap((line) => writtenAs(line) ?? []); // a torn line is no link of the chain
    previous = hashOfLast(written) ?? previous;
    known.add(written.map(({ id }) => id));
    for (const { id, fact, daemon } of written) {
      open = correlate(open, id, fact).open;
      configurations = learn(configurations, daemon, fact);
    }
  } catch (error) {
    complain(error);
  }

  function complain(error: unknown): void {
    if (!complained) log.error({ event: "audit.failed", path, error }, lines.auditFailed(path, error));
    complained = true;
  }

  return {
    append(event) {
      const id = eventId(event);
      if (known.has(id)) return;
      const story = correlate(open, id, event.fact);
      const inForce = learn(configurations, event.daemon, event.fact);
      const config = inForce.get(event.daemon) ?? {};
      const line = JSON.stringify({
        ...recordOf(event, id),
        config,
        correlation: story.correlation,
        previous,
      });
      try {
        rotateIfFull(path);
        write(path, `${torn ? "\n" : ""}${line}\n`);
      } catch (error) {
        complain(error);
        return;
      }
      [torn, complained, previous, open] = [false, false, hashOf(line), story.open];
      configurations = inForce;
      known.add([id]);
    },
  };
}

function recordOf(event: ClusterEvent, id: string) {
  const { atMs, monotonicMs, node, daemon, severity, fact } = event;
  const text = oneLine(meaning(fact).text, 1000);
  return {
    schemaVersion: 1,
    at: new Date(atMs).toISOString(),
    monotonicMs,
    id,
    node,
    daemon,
    severity,
    text,
    fact,
  };
}

interface Written {
  readonly line: string;
  readonly id: string;
  readonly daemon: string;
  readonly fact: Fact;
}

/** A line of ours as it was written; undefined for one that a crash tore. */
function writtenAs(line: string): Written | undefined {
  try {
    const value = JSON.parse(line);
    return typeof value?.id === "string" && typeof value.fact?.kind === "string"
      ? { line, id: value.id, daemon: String(value.daemon), fact: value.fact }
      : undefined;
  } catch {
    return undefined;
  }
}

const hashOfLast = (written: readonly Written[]): string | undefined => {
  const last = written.at(-1);
  return last && hashOf(last.line);
};

function readTail(path: string): string {
  if (!existsSync(path)) return "";
  const file = openSync(path, constants.O_RDONLY | constants.O_NOFOLLOW);
  try {
    const { size } = fstatSync(file);
    const bytes = Buffer.alloc(Math.min(size, TAIL_BYTES));
    readSync(file, bytes, 0, bytes.length, size - bytes.length);
    const text = bytes.toString("utf8");
    return size > TAIL_BYTES ? text.slice(text.indexOf("\n") + 1) : text;
  } finally {
    closeSync(file);
  }
}

function write(path: string, text: string): void {
  const { O_WRONLY, O_APPEND, O_CREAT, O_NOFOLLOW } = constants;
  const file = openSync(path, O_WRONLY | O_APPEND | O_CREAT | O_NOFOLLOW, 0o640);
  try {
    writeSync(file, text);
  } finally {
    closeSync(file);
  }
}

function rotateIfFull(path: string): void {
  if (!existsSync(path) || statSync(path).size < AUDIT_FILE_BYTES) return;
  for (let n = KEPT - 1; n >= 1; n--)
    if (existsSync(`${path}.${n}`)) renameSync(`${path}.${n}`, `${path}.${n + 1}`);
  renameSync(path, `${path}.1`);
}
