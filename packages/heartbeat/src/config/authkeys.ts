/**
 * Reads authkeys: `auth <n>` and `<n> <method> [key]`.
 *
 * `#` is a comment only as the first character of a line: a `#` inside a key belongs to the key. A key cannot contain
 * white space; what stands behind it is ignored. `auth` and key lines may come in any order (the original wants `auth`
 * first). Keys never appear in a message.
 * Source: specification of heartbeat, section 3.
 */
import {
  type Diagnostic,
  hasErrors,
  type Line,
  lines,
  type Parsed,
  readWhole,
  type Source,
  suggest,
  type Word,
  words,
} from "@systole/config";
import { type Key, type KeyRing, METHODS } from "../wire/signature.js";

type Complain = (
  severity: "error" | "warning",
  code: string,
  span: Word | undefined,
  message: string,
  hint?: string,
) => void;

interface Draft {
  readonly keys: Map<number, Key>;
  auth: { readonly index: number; readonly at: Word } | undefined;
}

export function parseAuthkeys(source: Source): Parsed<KeyRing> {
  const diagnostics: Diagnostic[] = [];
  const complain: Complain = (severity, code, span, message, hint) => {
    const base = { path: source.path, span, severity, code, message };
    diagnostics.push(hint === undefined ? base : { ...base, hint });
  };
  const draft: Draft = { keys: new Map(), auth: undefined };
  for (const line of lines(source)) readLine(line, draft, complain);
  const signing = signingKey(draft, complain);
  const usable = signing !== undefined && !hasErrors(diagnostics);
  return { value: usable ? { signing, keys: draft.keys } : undefined, diagnostics };
}

function readLine(line: Line, draft: Draft, complain: Complain): void {
  const [first, second, third] = separated(words(line), complain);
  if (first === undefined || first.text.startsWith("#")) return;
  if (first.text === "auth") {
    const index = second === undefined ? undefined : readWhole(/^\d*/.exec(second.text)![0], 0, 15);
    if (second !== undefined && index !== undefined) draft.auth = { index, at: second };
    else complain("error", "bad-auth", second ?? first, "auth takes the number of a key, 0 to 15", "auth 1");
    return;
  }
  const index = readWhole(first.text, 0, 15);
  if (index === undefined) {
    const hint =
      suggest(first.text, ["auth"]) === undefined ? "a line is: NUMBER METHOD KEY" : "did you mean auth?";
    complain("error", "bad-key-line", first, `"${first.text}" is not the number of a key, 0 to 15`, hint);
  } else readKey(index, first, second, third, draft, complain);
}

/** `auth1` and `1sha1 k` are read by the original as if there were a blank. */
function separated(found: readonly Word[], complain: Complain): readonly Word[] {
  const [first, ...rest] = found;
  const [, head, tail] = /^(auth(?=\d)|\d+(?=\D))(.+)$/.exec(first?.text ?? "") ?? [];
  if (first === undefined || head === undefined || tail === undefined) return found;
  complain(
    "warning",
    "no-blank",
    first,
    `"${first.text}" counts as "${head}" and "${tail}"`,
    "put a blank between",
  );
  const at = head.length;
  return [
    { ...first, text: head, length: at },
    { ...first, text: tail, column: first.column + at, length: tail.length },
    ...rest,
  ];
}

function readKey(
  index: number,
  at: Word,
  method: Word | undefined,
  key: Word | undefined,
  draft: Draft,
  complain: Complain,
) {
  const known = METHODS.find((name) => name === method?.text);
  if (method === undefined)
    complain("error", "no-method", at, `key ${index} has no method`, METHODS.join(" "));
  else if (known === undefined) {
    const meant = suggest(method.text, METHODS);
    const hint = meant === undefined ? `one of: ${METHODS.join(" ")}` : `did you mean ${meant}?`;
    complain("error", "unknown-method", method, `"${method.text}" is not a method of authentication`, hint);
  } else if (known === "crc" && key !== undefined) {
    complain("error", "key-forbidden", { ...key, length: 1 }, "crc takes no key: it authenticates nothing");
  } else if (known !== "crc" && key === undefined) {
    complain("error", "no-key", method, `${known} needs a key`, `${index} ${known} SECRET`);
  } else {
    if (draft.keys.has(index))
      complain("warning", "duplicate-key", at, `key ${index} is given twice: the last one counts`);
    draft.keys.set(index, { index, method: known, key: key && new TextEncoder().encode(key.text) });
    if (known === "crc") {
      const hint = "use sha1 with a key unless every medium is a crossover cable";
      complain(
        "warning",
        "crc",
        method,
        "crc detects accidents only: anyone on the segment can command this cluster",
        hint,
      );
    }
  }
}

function signingKey(draft: Draft, complain: Complain): Key | undefined {
  if (draft.auth === undefined) {
    const none = draft.keys.size === 0;
    const hint = none ? "make a key: systole authkeys new" : "add: auth NUMBER";
    complain("error", "no-auth", undefined, "no auth line says which key signs", hint);
    return undefined;
  }
  const key = draft.keys.get(draft.auth.index);
  if (key === undefined) {
    const known = [...draft.keys.keys()].join(" ");
    const hint = known === "" ? "the file has no usable key" : `keys of this file: ${known}`;
    complain("error", "unknown-key", draft.auth.at, `auth key ${draft.auth.index} is not in this file`, hint);
  }
  return key;
}

/**
 * What is wrong with the file's mode, or undefined if nothing is: nobody but its owner may read or write keys.
 *
 * @param mode permission bits, as `stat` gives them.
 */
export function keyFileModeProblem(path: string, mode: number): Diagnostic | undefined {
  if ((mode & 0o066) === 0) return undefined;
  const octal = (mode & 0o777).toString(8).padStart(4, "0");
  return {
    path,
    span: undefined,
    severity: "error",
    code: "key-file-mode",
    message: `bad permissions ${octal}: others can read or write the keys`,
    hint: `run: chmod 600 ${path}`,
  };
}
