/**
 * The language of a control socket: one JSON object per line over a Unix stream socket.
 *
 *     {"id":1,"verb":"status","args":{}}          {"id":1,"ok":true,"result":...}
 *                                                 {"id":1,"ok":false,"error":{"code":"...","message":"..."}}
 *     {"id":2,"verb":"subscribe","args":{"boot":"...","sequence":17}}
 *                                                 {"id":2,"ok":true,"result":{"boot":"...","sequence":20}}
 *                                                 {"gap":{"missed":3}}   {"event":{...}} ...
 *     {"id":3,"verb":"taken","args":{"sequence":21}}      no answer
 *
 * Who subscribes with `"keeps":true` says `taken` when events are safe with it; while nobody does, a drop box is used.
 *
 * Pure: text in, values out. What does not fit is a ControlError.
 */
import type { ClusterEvent } from "@systole/bus";
import { ControlError } from "./control-error.js";

/** Longest line either side accepts, in bytes. */
export const LINE_LIMIT_BYTES = 64 * 1024;

/** Longest answer line a client accepts: a status may be long, a request may not. */
export const ANSWER_LIMIT_BYTES = 16 * 1024 * 1024;

export interface Request {
  readonly id: number | string;
  readonly verb: string;
  readonly args: Readonly<Record<string, unknown>>;
}

export type ServerLine =
  | { readonly type: "answer"; readonly id: number | string; readonly result: unknown }
  | { readonly type: "error"; readonly id: number | string | undefined; readonly error: ControlError }
  | { readonly type: "event"; readonly event: ClusterEvent }
  | { readonly type: "gap"; readonly missed: number };

export const isRecord = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === "object" && value !== null && !Array.isArray(value);

function parseObject(line: string): Readonly<Record<string, unknown>> {
  let value: unknown;
  try {
    value = JSON.parse(line);
  } catch (cause) {
    throw new ControlError("bad-request", "not a line of JSON", { cause });
  }
  if (!isRecord(value)) throw new ControlError("bad-request", "not a JSON object");
  return value;
}

const isId = (value: unknown): value is number | string =>
  typeof value === "number" || (typeof value === "string" && value.length <= 64);

/** @throws ControlError `bad-request`. */
export function parseRequest(line: string): Request {
  const { id, verb, args } = parseObject(line);
  if (!isId(id)) throw new ControlError("bad-request", "id must be a number or a short string");
  if (typeof verb !== "string") throw new ControlError("bad-request", "verb must be a string");
  if (args !== undefined && !isRecord(args)) throw new ControlError("bad-request", "args must be an object");
  return { id, verb, args: args ?? {} };
}

/** Enough of the shape for a reader: kinds it does not know are the reader's to skip. */
export function isClusterEvent(value: unknown): value is ClusterEvent {
  if (!isRecord(value)) return false;
  const { v, boot, sequence, node, daemon, atMs, severity, fact } = value;
  return (
    v === 1 &&
    typeof boot === "string" &&
    Number.isSafeInteger(sequence) &&
    typeof node === "string" &&
    typeof daemon === "string" &&
    typeof atMs === "number" &&
    typeof severity === "string" &&
    isRecord(fact) &&
    typeof fact.kind === "string"
  );
}

/** @throws ControlError `bad-answer`. */
export function parseServerLine(line: string): ServerLine {
  const value = parseObject(line);
  if (isClusterEvent(value.event)) return { type: "event", event: value.event };
  if (isRecord(value.gap) && typeof value.gap.missed === "number") {
    return { type: "gap", missed: value.gap.missed };
  }
  const id = isId(value.id) ? value.id : undefined;
  if (value.ok === true && id !== undefined) return { type: "answer", id, result: value.result };
  if (value.ok === false && isRecord(value.error)) {
    const { code, message } = value.error;
    return { type: "error", id, error: new ControlError(String(code), String(message)) };
  }
  throw new ControlError("bad-answer", "a line that is no answer, event or gap");
}

export const requestLine = (request: Request): string => `${JSON.stringify(request)}\n`;
export const answerLine = (id: Request["id"], result: unknown): string =>
  `${JSON.stringify({ id, ok: true, result: result ?? null })}\n`;
export const errorLine = (id: Request["id"] | undefined, { code, message }: ControlError): string =>
  `${JSON.stringify({ ...(id === undefined ? {} : { id }), ok: false, error: { code, message } })}\n`;
export const eventLine = (event: ClusterEvent): string => `${JSON.stringify({ event })}\n`;
export const gapLine = (missed: number): string => `${JSON.stringify({ gap: { missed } })}\n`;
