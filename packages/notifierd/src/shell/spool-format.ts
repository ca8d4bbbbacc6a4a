/** What the files of the spool must look like; anything else is undefined, never an exception. */
import type { Cursor } from "@systole/bus";
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

const STATES = ["waiting", "delivered", "rejected", "expired"];

function isDelivery(value: unknown): value is Delivery {
  if (!isFields(value)) return false;
  const { address, state, attempts, reply } = value;
  const known = isText(state) && STATES.includes(state);
  return isText(address) && known && isCount(attempts) && (reply === undefined || isText(reply));
}

export function readLetter(text: string): Letter | undefined {
  const value = fields(text);
  return value !== undefined && isLetter(value) ? value : undefined;
}

function isLetter(value: Fields): value is Fields & Letter {
  const { schemaVersion, id, createdAtMs, messageId, inReplyTo, from, subject, severity, node, deliveries } =
    value;
  const texts = [id, messageId, from, subject, value.text, node, inReplyTo ?? ""].every(isText);
  const lists = [value.events, value.opens, value.closes].every(isTexts);
  const sent = Array.isArray(deliveries) && deliveries.every(isDelivery);
  return (
    schemaVersion === 1 && typeof createdAtMs === "number" && isSeverity(severity) && texts && lists && sent
  );
}

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
