/**
 * A check as a dialogue of bytes: pure, so that every protocol is tested without a socket.
 *
 * Bytes are strings of one character per byte (latin1). A listener is asked whenever something was heard; it answers
 * undefined while it needs more, else a turn: what to say, and who listens next or what the verdict is.
 */
import type { Pattern } from "./perl-pattern.js";
import type { TlsWish } from "./tls.js";

/** Where to call, and how the dialogue begins. */
export interface Call {
  /** An address; a name only where a redirect said one. */
  readonly host: string;
  readonly port: number;
  readonly transport: "tcp" | "udp";
  /** Undefined: no TLS. */
  readonly tls: TlsWish | undefined;
  /** May be called many times, for one connection each. `random`: 34 hexadecimal digits, different each time. */
  readonly begin: (local: LocalEnd, random: () => string) => Turn;
}

export interface LocalEnd {
  address(): string;
  port(): number;
}

export interface Turn {
  readonly say?: string;
  /** What is said is a secret: the transcript does not show it. */
  readonly secret?: boolean;
  /** Nothing more will be said. */
  readonly finish?: boolean;
  /** What was heard beyond this turn. */
  readonly rest?: string;
  /** Opens a second connection to the same host and listens to it (passive mode of ftp). */
  readonly openData?: number;
  /** Waits for a second connection from the same host (active mode of ftp); the turn that follows says where. */
  readonly listenForData?: (local: LocalEnd) => Turn;
  readonly next: Listener | Judgement;
}

export interface Heard {
  /** All that was heard since this listener was put in place, and not used before. */
  readonly text: string;
  /** The other side has finished. */
  readonly ended: boolean;
  /** Of the second connection, all from its beginning. */
  readonly data: { readonly text: string; readonly ended: boolean } | undefined;
}

export type Listener = (heard: Heard) => Turn | undefined;

export type Judgement =
  | { readonly kind: "up"; readonly message: string }
  | { readonly kind: "down"; readonly reason: string }
  | {
      /** Up if the pattern is found in one of the texts. */
      readonly kind: "match";
      readonly pattern: Pattern;
      readonly texts: readonly string[];
      readonly message: string;
      /** Why it is down if not; or who goes on listening. */
      readonly otherwise: string | Listener;
    }
  | { readonly kind: "call-again"; readonly call: Call };

/** Longest answer that is kept: the rest is not read. */
export const LONGEST_ANSWER = 1024 * 1024;

export const up = (message: string): Turn => ({ next: { kind: "up", message } });
export const down = (reason: string): Turn => ({ next: { kind: "down", reason } });

/** Waits for one line, LF or CRLF. An end of data without a line is a failure. */
export const line =
  (then: (text: string) => Turn): Listener =>
  ({ text, ended }) => {
    const end = text.indexOf("\n");
    if (end === -1) {
      if (text.length >= LONGEST_ANSWER) return down(`a line of more than ${LONGEST_ANSWER} bytes`);
      return ended ? down("the connection was closed in the middle of the dialogue") : undefined;
    }
    const turn = then(text.slice(0, end).replace(/\r$/, ""));
    return { ...turn, rest: (turn.rest ?? "") + text.slice(end + 1) };
  };

/** Waits for a reply of smtp, ftp or nntp: three digits, over several lines if a `-` follows them. */
export const reply = (then: (code: number, text: string) => Turn): Listener =>
  line((text) => {
    const parts = /^(\d{3})([ -]?)(.*)$/.exec(text);
    if (parts === null) return down(`an answer without a code: "${shortened(text)}"`);
    if (parts[2] !== "-") return then(Number(parts[1]), parts[3]!);
    return { next: restOfReply(parts[1]!, then, parts[3]!) };
  });

const restOfReply = (code: string, then: (code: number, text: string) => Turn, first: string): Listener =>
  line((text) =>
    text.startsWith(`${code} `) || text === code
      ? then(Number(code), first)
      : { next: restOfReply(code, then, first) },
  );

/** For reasons: at most 80 characters, control characters escaped. */
export function shortened(text: string, most = 80): string {
  const cut = text.length > most ? `${text.slice(0, most)}...` : text;
  // biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what this is about
  return cut.replaceAll(/[\x00-\x1f\x7f-\x9f]/g, escaped);
}

const escaped = (character: string): string => `\\x${character.charCodeAt(0).toString(16).padStart(2, "0")}`;
