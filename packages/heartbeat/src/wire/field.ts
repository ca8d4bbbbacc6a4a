/**
 * A heartbeat message as the wire sees it: named fields in an order that must be kept, because it is signed.
 *
 * Strings are byte strings: one character is one byte (latin1), so that whatever a peer sends comes back unchanged.
 */
export type Field =
  | { readonly type: "string"; readonly name: string; readonly value: string }
  | { readonly type: "binary"; readonly name: string; readonly value: Uint8Array }
  | { readonly type: "struct"; readonly name: string; readonly value: Fields }
  /** A list or a compressed value: carried as it came, never looked into. */
  | { readonly type: "other"; readonly code: number; readonly name: string; readonly value: Uint8Array };

export type Fields = readonly Field[];

/** The digit in front of a field's name. */
export const TYPE_CODE = { string: 0, binary: 1, struct: 2 } as const;

/** How deep structs may be nested; the original has fifteen stand-ins for a newline. */
export const DEEPEST = 15;

/** The first string field of that name. */
export function textOf(fields: Fields, name: string): string | undefined {
  for (const field of fields) if (field.type === "string" && field.name === name) return field.value;
  return undefined;
}

/** The first binary field of that name. */
export function binaryOf(fields: Fields, name: string): Uint8Array | undefined {
  for (const field of fields) if (field.type === "binary" && field.name === name) return field.value;
  return undefined;
}

export const string = (name: string, value: string): Field => ({ type: "string", name, value });
export const binary = (name: string, value: Uint8Array): Field => ({ type: "binary", name, value });

/** Bytes as a byte string, and back. */
export const byteString = (bytes: Uint8Array): string =>
  Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString("latin1");
export const bytesOf = (text: string): Uint8Array => Buffer.from(text, "latin1");
