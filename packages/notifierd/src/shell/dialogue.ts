/** What was said to a mail server and what it answered, for a person who wants to know why a letter does not leave. */

const LINES = 200;
const LINE_LIMIT = 500;

export class Dialogue {
  readonly #lines: string[] = [];

  get lines(): readonly string[] {
    return this.#lines;
  }

  /** `C` what we said, `S` what the server said, `*` what happened. Secrets were taken out where they are made. */
  add(who: "C" | "S" | "*", text: string): void {
    for (const line of text.split(/\r\n|\r|\n/)) {
      if (this.#lines.length >= LINES || line === "") continue;
      // biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what this is about
      const clean = line.replaceAll(/[\u0000-\u001f\u007f-\u009f]/g, "?");
      this.#lines.push(`${who}: ${clean.slice(0, LINE_LIMIT)}`);
    }
  }

  /** A logger as nodemailer wants one. */
  logger() {
    const hear = (data: { readonly tnx?: string }, message: unknown, ...rest: unknown[]) => {
      const text = rest.reduce<string>(
        (filled, one) => filled.replace(/%[sdj]/, String(one)),
        String(message),
      );
      if (data.tnx === "client") this.add("C", text);
      else if (data.tnx === "server") this.add("S", text);
      else if (data.tnx !== "message") this.add("*", text);
    };
    const nothing = () => {};
    return {
      ...{ level: nothing, trace: nothing, fatal: hear, error: hear },
      debug: hear,
      info: hear,
      warn: hear,
    };
  }
}

const MEANINGS: readonly (readonly [RegExp, string])[] = [
  [/ECONNREFUSED/, "nothing listens there: is the server running, is the port right?"],
  [
    /ENOTFOUND|EAI_AGAIN|EDNS/,
    "the name cannot be resolved: is it spelt right, does this node's resolver work?",
  ],
  [/ETIMEDOUT|timeout|took over/i, "no answer in time: a firewall, or a server that is overloaded"],
  [/EHOSTUNREACH|ENETUNREACH/, "there is no route to it"],
  [
    /self.signed|certificate|altnames|unable to (get|verify)/i,
    "the certificate is not trusted: see ca-file, tls-name and verify",
  ],
  [
    /STARTTLS|ETLS|EREQUIRETLS|wrong version number|SSL routines/,
    "TLS failed: is tls = what this port speaks?",
  ],
  [/\b535\b|EAUTH|ENOAUTH|Invalid login/, "the server refuses the login: see user and password-file"],
  [/\b530\b/, "the server wants a login first: set user and password-file, with tls = required"],
  [/\b550\b.*(relay|Relay)|relay/i, "the server does not relay for this node: allow it there, or log in"],
  [/\b55[0-4]\b/, "the server does not want this recipient or letter"],
  [/\b4[25]\d\b/, "the server says later; the letter waits and is tried again"],
  [
    /can be read by others|belongs to somebody else|is a link|cannot be read|no credential/,
    "notifierd refuses the file",
  ],
];

/** What a failure means and what to look at; undefined if nobody knows. */
export const explain = (problem: string): string | undefined =>
  MEANINGS.find(([pattern]) => pattern.test(problem))?.[1];
