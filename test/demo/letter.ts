/** A letter as the mail server took it, made readable: RFC 2047 words in the head, quoted-printable in the body. */
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
  const [head = "", ...rest] = text.split("\n\n");
  const unfolded = head.replace(/\n[ \t]+/g, " ");
  const [, subject = "(none)"] = /^Subject: (.*)$/im.exec(unfolded) ?? [];
  const body = rest.join("\n\n");
  const plain = /^Content-Transfer-Encoding: quoted-printable/im.test(unfolded)
    ? quotedPrintable(body)
    : body;
  const firstLines = plain.split("\n").filter((line) => line.trim() !== "");
  return {
    to: to.map((address) => address.replace(/[<>]/g, "")),
    subject: encodedWords(subject),
    firstLines: firstLines.slice(0, FIRST_LINES).map((line) => line.trim()),
  };
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
