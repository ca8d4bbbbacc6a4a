/** What the files of the spool must look like; anything else is undefined, never an exception. */
import type { Cursor } from "@systole/bus";
import type { QuietRecord } from "../core/quiet-record.js";
import { type ClusterEvent, type Delivery, type Letter, SEVERITIES, type Severity } from "../types.js";

type Fields = Readonly<Record<string, unknown>>;

function fields(text: string): Fields | undefined {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return undefined;
  }
  return isFields(value) ? value : undefined;
}

const isFields = (value: unknown): value is Fields =>
  typeof value === "object" && value !== null && !Array.isArray(value);
const isText = (value: unknown): value is string => typeof value === "string";
const isTexts = (value: unknown): value is readonly string[] => Array.isArray(value) && value.every(isText);
const isCount = (value: unknown): value is number => Number.isSafeInteger(value) && Number(value) >= 0;
const isSeverity = (value: unknown): value is Severity => SEVERITIES.some((severity) => severity === value);

export function readEvent(text: string): ClusterEvent | undefined {
  const value = fields(text);
  return value !== undefined && isEvent(value) ? value : undefined;
}

function isEvent(value: Fields): value is Fields & ClusterEvent {
  const { v, boot, sequence, node, daemon, atMs, severity, fact } = value;
  const places =
    isText(boot) && isCount(sequence) && isText(node) && isText(daemon) && typeof atMs === "number";
  return v === 1 && places && isSeverity(severity) && isFields(fact) && isText(fact.kind);
}

const STATES = ["waiting", "delivered", "rejected", "expired", "standby", "spared", "held", "digested"];

function isDelivery(value: unknown): value is Delivery {
  if (!isFields(value)) return false;
  const { address, state, attempts, reply, afterMs = 0 } = value;
  const known = isText(state) && STATES.includes(state);
  return isText(address) && known && isCount(attempts) && isText(reply ?? "") && isCount(afterMs);
}

export function readLetter(text: string): Letter | undefined {
  const value = fields(text);
  return value !== undefined && isLetter(value) ? value : undefined;
}

function isLetter(value: Fields): value is Fields & Letter {
  const { schemaVersion, id, createdAtMs, messageId, inReplyTo, from, subject, severity, node, deliveries } =
    value;
  const words = [id, messageId, from, subject, value.text, node, inReplyTo ?? "", value.via ?? ""];
  const texts = words.every(isText) && /^(mail|webhook .+)$/.test(String(value.channel ?? "mail"));
  const lists = [value.events, value.opens, value.closes, value.digestOf ?? []].every(isTexts);
  const sent = Array.isArray(deliveries) && deliveries.every(isDelivery);
  return (
    schemaVersion === 1 && typeof createdAtMs === "number" && isSeverity(severity) && texts && lists && sent
  );
}

export function readQuiet(text: string): QuietRecord | undefined {
  const value = fields(text);
  return value !== undefined && isQuiet(value) ? value : undefined;
}

function isQuiet(value: Fields): value is Fields & QuietRecord {
  const { schemaVersion, flaps, silences } = value;
  if (schemaVersion !== 1 || !Array.isArray(flaps) || !Array.isArray(silences)) return false;
  return flaps.every(isFlap) && silences.every(isSilence);
}

const isTime = (value: unknown): boolean => typeof value === "number" && Number.isFinite(value);

function isFlap(value: unknown): boolean {
  if (!isFields(value)) return false;
  const { key, what, recentMs, downSinceMs, longestDownMs, flapping } = value;
  const now =
    flapping === null || (isFields(flapping) && isTime(flapping.sinceMs) && isCount(flapping.count));
  const times = Array.isArray(recentMs) && recentMs.length > 0 && [...recentMs, longestDownMs].every(isTime);
  return isText(key) && isText(what) && times && (downSinceMs === null || isTime(downSinceMs)) && now;
}

function isSilence(value: unknown): boolean {
  if (!isFields(value)) return false;
  const { id, pattern, by, why, untilMs, untold, lines, troubles } = value;
  return (
    [id, pattern, by, why].every(isText) &&
    isTime(untilMs) &&
    isCount(untold) &&
    [lines, troubles].every(isTexts)
  );
}

/** The stamp of `life.ts`. */
export interface LifeRecord {
  readonly schemaVersion: 1;
  readonly kernelBoot: string;
  /** Wall clock, milliseconds since 1970. */
  readonly seenMs: number;
  readonly ended: boolean;
}

export function readLife(text: string): LifeRecord | undefined {
  const value = fields(text);
  return value !== undefined && isLife(value) ? value : undefined;
}

const isLife = (value: Fields): value is Fields & LifeRecord => {
  const { schemaVersion, kernelBoot, seenMs, ended } = value;
  return schemaVersion === 1 && isText(kernelBoot) && isTime(seenMs) && typeof ended === "boolean";
};

export function readCursors(text: string): Readonly<Record<string, Cursor>> | undefined {
  const value = fields(text);
  if (value === undefined) return undefined;
  const cursors: Record<string, Cursor> = {};
  for (const [name, cursor] of Object.entries(value)) {
    if (isFields(cursor) && isText(cursor.boot) && isCount(cursor.sequence)) {
      cursors[name] = { boot: cursor.boot, sequence: cursor.sequence };
    }
  }
  return cursors;
}
