/**
 * A letter as the mail server took it, made readable: RFC 2047 words in the head, the text part of the body, quoted-printable
 * in it.
 */
export interface Mail {
  readonly from: string;
  readonly to: readonly string[];
  readonly text: string;
}

export interface Letter {
  readonly to: readonly string[];
  readonly subject: string;
  readonly firstLines: readonly string[];
}

const FIRST_LINES = 2;

export function readLetter({ to, text }: Mail): Letter {
  const { head, body } = entity(text);
  const [, subject = "(none)"] = /^Subject: (.*)$/im.exec(head) ?? [];
  const firstLines = textOf(head, body)
    .split("\n")
    .filter((line) => line.trim() !== "");
  return {
    to: to.map((address) => address.replace(/[<>]/g, "")),
    subject: encodedWords(subject),
    firstLines: firstLines.slice(0, FIRST_LINES).map((line) => line.trim()),
  };
}

/** Head, unfolded, and body: of a letter, or of a part of one. */
function entity(text: string): { head: string; body: string } {
  const end = text.indexOf("\n\n");
  const head = end === -1 ? text : text.slice(0, end);
  return { head: head.replace(/\n[ \t]+/g, " "), body: end === -1 ? "" : text.slice(end + 2) };
}

/** Of several parts the first: text stands before HTML. */
function textOf(head: string, body: string): string {
  const [, boundary] = /^Content-Type: multipart\/[^;]+;.*boundary="([^"]+)"/im.exec(head) ?? [];
  if (boundary !== undefined) {
    const [, first = ""] = body.split(`--${boundary}\n`);
    const part = entity(first);
    return textOf(part.head, part.body);
  }
  return /^Content-Transfer-Encoding: quoted-printable/im.test(head) ? quotedPrintable(body) : body;
}

/** `=?UTF-8?Q?real_server=3A?= =?UTF-8?Q?...?=`: the blanks between two of them do not count. */
function encodedWords(text: string): string {
  return text
    .replace(/\?=\s+=\?/g, "?==?")
    .replace(/=\?utf-8\?([bq])\?([^?]*)\?=/gi, (_, kind: string, word: string) =>
      kind.toLowerCase() === "b"
        ? Buffer.from(word, "base64").toString("utf8")
        : quotedPrintable(word.replaceAll("_", " ")),
    );
}

function quotedPrintable(text: string): string {
  const bytes = text
    .replace(/=\n/g, "")
    .replace(/=([0-9A-F]{2})/gi, (_, hex: string) => String.fromCharCode(Number.parseInt(hex, 16)));
  return Buffer.from(bytes, "latin1").toString("utf8");
}
