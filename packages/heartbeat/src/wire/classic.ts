/**
 * The classic form of a message's fields: one `name=value\n` a line, other types than strings as `(<type>)name=value`.
 *
 * Binary values are base64. A newline inside a string is the byte 0x13. A struct is a whole classic message, its
 * newlines replaced by a byte that stands for its depth. The body here is what the digest covers, without marks.
 */
import { DecodeError } from "@systole/wire";
import { DEEPEST, type Field, type Fields, TYPE_CODE } from "./field.js";

const FORMAT = "heartbeat classic";
export const CLASSIC_START = ">>>\n";
export const CLASSIC_END = "<<<\n";
const NEWLINE_IN_STRING = "\x13";

/** The stand-ins for a newline by depth: 20 to 31, then 15 to 18. */
const NEWLINE_AT_DEPTH = Array.from({ length: DEEPEST + 1 }, (_, depth) =>
  String.fromCharCode(depth < 12 ? 20 + depth : 3 + depth),
);

/** The lines of all fields, in order, each with its newline. */
export function encodeClassic(fields: Fields, depth = 0): string {
  return fields.map((field) => `${encodeField(field, depth)}\n`).join("");
}

function encodeField(field: Field, depth: number): string {
  switch (field.type) {
    case "string":
      return `${field.name}=${field.value.replaceAll("\n", NEWLINE_IN_STRING)}`;
    case "binary":
      return `(${TYPE_CODE.binary})${field.name}=${base64(field.value)}`;
    case "other":
      return `(${field.code})${field.name}=${base64(field.value)}`;
    case "struct": {
      const inner = `${CLASSIC_START}${encodeClassic(field.value, depth + 1)}${CLASSIC_END}`;
      return `(${TYPE_CODE.struct})${field.name}=${inner.replaceAll("\n", newlineAt(depth))}`;
    }
  }
}

/**
 * Reads what `encodeClassic` wrote.
 *
 * @throws DecodeError if a line has no `name=`, base64 is not canonical or a struct has no end.
 */
export function decodeClassic(text: string, depth = 0): Fields {
  const fields: Field[] = [];
  for (let at = 0; at < text.length; ) {
    const end = text.indexOf("\n", at);
    if (end === -1) throw new DecodeError(FORMAT, at, "a line does not end");
    fields.push(decodeLine(text.slice(at, end), at, depth));
    at = end + 1;
  }
  return fields;
}

function decodeLine(line: string, at: number, depth: number): Field {
  const parts = /^(?:\((\d)\))?([^=]+)=/.exec(line);
  if (parts === null) throw new DecodeError(FORMAT, at, "needs name=");
  const name = parts[2]!;
  const value = line.slice(parts[0].length);
  const code = Number(parts[1] ?? TYPE_CODE.string);
  switch (code) {
    case TYPE_CODE.string:
      return { type: "string", name, value: value.replaceAll(NEWLINE_IN_STRING, "\n") };
    case TYPE_CODE.binary:
      return { type: "binary", name, value: unbase64(value, at) };
    case TYPE_CODE.struct:
      return { type: "struct", name, value: decodeStruct(value, at, depth) };
    default:
      return { type: "other", code, name, value: unbase64(value, at) };
  }
}

function decodeStruct(value: string, at: number, depth: number): Fields {
  const text = value.replaceAll(newlineAt(depth), "\n");
  if (!text.startsWith(CLASSIC_START) || !text.endsWith(CLASSIC_END)) {
    throw new DecodeError(FORMAT, at, "a struct without its marks");
  }
  return decodeClassic(text.slice(CLASSIC_START.length, -CLASSIC_END.length), depth + 1);
}

function newlineAt(depth: number): string {
  const stand = NEWLINE_AT_DEPTH[depth];
  if (stand === undefined) throw new DecodeError(FORMAT, 0, `nested deeper than ${DEEPEST}`);
  return stand;
}

const base64 = (bytes: Uint8Array): string => Buffer.from(bytes).toString("base64");

function unbase64(text: string, at: number): Uint8Array {
  const bytes = Buffer.from(text, "base64");
  if (bytes.toString("base64") !== text) throw new DecodeError(FORMAT, at, "not canonical base64");
  return bytes;
}
