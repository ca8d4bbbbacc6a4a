/**
 * The netstring form of a message's fields: `###\n`, `<len>:(<type>)<name>=<value>,` for each, `%%%\n`.
 *
 * Binary values are raw bytes, a struct is a whole message of this form. What signs it stands behind it
 * (`datagram.ts`).
 */
import { DecodeError } from "@systole/wire";
import { byteString, bytesOf, DEEPEST, type Field, type Fields, TYPE_CODE } from "./field.js";

const FORMAT = "heartbeat netstring";
export const NETSTRING_START = "###\n";
export const NETSTRING_END = "%%%\n";

/** The bytes from the start mark through the end mark, both included: what the digest covers. */
export function encodeNetstring(fields: Fields): string {
  return NETSTRING_START + fields.map(encodeField).join("") + NETSTRING_END;
}

function encodeField(field: Field): string {
  const text = `(${codeOf(field)})${field.name}=${encodeValue(field)}`;
  return `${text.length}:${text},`;
}

const codeOf = (field: Field): number => (field.type === "other" ? field.code : TYPE_CODE[field.type]);

function encodeValue(field: Field): string {
  switch (field.type) {
    case "string":
      return field.value;
    case "binary":
    case "other":
      return byteString(field.value);
    case "struct":
      return encodeNetstring(field.value);
  }
}

/**
 * Reads what `encodeNetstring` wrote.
 *
 * @throws DecodeError if a length lies, a mark is missing or anything stands behind the end mark.
 */
export function decodeNetstring(text: string, depth = 0): Fields {
  if (!text.startsWith(NETSTRING_START)) throw new DecodeError(FORMAT, 0, "does not begin with ###");
  if (depth > DEEPEST) throw new DecodeError(FORMAT, 0, `nested deeper than ${DEEPEST}`);
  const fields: Field[] = [];
  let at = NETSTRING_START.length;
  while (!text.startsWith(NETSTRING_END, at)) {
    const colon = text.indexOf(":", at);
    const digits = colon === -1 ? "" : text.slice(at, colon);
    if (!/^(?:0|[1-9]\d{0,6})$/.test(digits)) throw new DecodeError(FORMAT, at, "needs a length");
    const start = colon + 1;
    const end = start + Number(digits);
    if (text[end] !== ",") throw new DecodeError(FORMAT, at, `a field of ${digits} bytes does not end there`);
    fields.push(decodeField(text.slice(start, end), start, depth));
    at = end + 1;
  }
  const left = text.length - at - NETSTRING_END.length;
  if (left !== 0) throw new DecodeError(FORMAT, at, `${left} bytes behind the end mark`);
  return fields;
}

function decodeField(text: string, at: number, depth: number): Field {
  const parts = /^\((\d)\)([^=]+)=/.exec(text);
  if (parts === null) throw new DecodeError(FORMAT, at, "needs (type)name=");
  const name = parts[2]!;
  const value = text.slice(parts[0].length);
  const code = Number(parts[1]);
  switch (code) {
    case TYPE_CODE.string:
      return { type: "string", name, value };
    case TYPE_CODE.binary:
      return { type: "binary", name, value: bytesOf(value) };
    case TYPE_CODE.struct:
      return { type: "struct", name, value: decodeNetstring(value, depth + 1) };
    default:
      return { type: "other", code, name, value: bytesOf(value) };
  }
}
