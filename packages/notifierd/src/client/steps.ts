/** A conversation with a mail server, step by step, with what each step is for and what an answer means. */
import { explain } from "../shell/dialogue.js";

const ASKED: readonly (readonly [RegExp, string])[] = [
  [/^(EHLO|HELO|LHLO) /, "we say who we are, it says what it can"],
  [/^STARTTLS/, "we want encryption from here on"],
  [/^AUTH|secret/, "we log in"],
  [/^MAIL FROM/, "who sends it"],
  [/^RCPT TO/, "who shall have it"],
  [/^DATA/, "here comes the letter"],
  [/^QUIT/, "that was all"],
  [/^POST /, "the letter, as a request"],
];

const ANSWERED: readonly (readonly [RegExp, string])[] = [
  [/^220 /, "it is ready"],
  [/^235 /, "logged in"],
  [/^334/, "go on with the login"],
  [/^354 /, "it waits for the letter"],
  [/^4\d\d /, "not now: it is tried again"],
  [/^5\d\d /, "never: it will not be asked again for this"],
];

/** The lines of a dialogue, those that say something of their own with a note behind them. */
export function steps(lines: readonly string[]): readonly string[] {
  let isLetter = false; // what the server says next is about the letter itself
  return lines.map((line) => {
    const [who, text] = [line.slice(0, 1), line.slice(3)];
    const taken = isLetter && who === "S" && /^2\d\d /.test(text);
    if (who === "S") isLetter = text.startsWith("354");
    const note = taken ? "taken: the letter is the server's now" : noteOn(who, text);
    return note === undefined ? line : `${line}   <- ${note}`;
  });
}

function noteOn(who: string, text: string): string | undefined {
  const known = (table: typeof ASKED) => table.find(([pattern]) => pattern.test(text))?.[1];
  if (who === "C") return known(ASKED);
  const isRefusal = who === "S" && /^[45]\d\d /.test(text);
  const failure = isRefusal || who === "*" ? explain(text) : undefined;
  return failure ?? (who === "S" ? known(ANSWERED) : undefined);
}
