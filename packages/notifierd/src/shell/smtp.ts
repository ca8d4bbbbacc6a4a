/**
 * One letter, one conversation with a mail server: nodemailer's connection, loaded when the first letter goes out.
 *
 * The servers are asked in order; the next one only if one cannot be reached, refuses the login or fails in TLS. TLS
 * is never weakened: where it is wanted and fails, the letter waits.
 */
import { readFileSync } from "node:fs";
import { type Clock, milliseconds, plus } from "@systole/machine";
import type { SmtpServer, SmtpSettings } from "../config/settings.js";
import { readServer } from "../config/values.js";
import type { Answer } from "../core/queue.js";
import { verdictOf } from "../core/retry.js";
import type { Letter } from "../types.js";
import type { Dialogue } from "./dialogue.js";
import { encode } from "./message.js";
import type { Outcome } from "./outcome.js";
import { readSecret } from "./secret.js";

/** What a conversation needs beside the letter. */
export interface SmtpParts {
  /** Said in EHLO. */
  readonly localName: string;
  readonly clock: Clock;
  /** Hears every word, secrets left out. */
  readonly dialogue?: Dialogue;
}

/** A whole conversation may take so many times the limit of one answer. */
const CONVERSATION = 10;

/** What nodemailer says when it fails; not all fields are always there. */
interface SmtpFailure {
  readonly message: string;
  readonly code?: unknown;
  readonly responseCode?: unknown;
  readonly response?: unknown;
  readonly command?: unknown;
  readonly recipient?: unknown;
  readonly rejectedErrors?: unknown;
}

const nameOf = ({ host, port }: SmtpServer): string =>
  host.includes(":") ? `[${host}]:${port}` : `${host}:${port}`;

/** Tries the servers in order. Never throws. */
export async function deliver(
  letter: Letter,
  to: readonly string[],
  settings: SmtpSettings,
  parts: SmtpParts,
): Promise<Outcome> {
  const problems: string[] = [];
  let alarm = false;
  let message: Buffer;
  try {
    message = await encode(letter, to);
  } catch (error) {
    return {
      type: "answered",
      server: "none",
      tls: false,
      answers: all(to, "never", `not sendable: ${says(error)}`),
    };
  }
  for (const { server, login } of serversFor(letter, settings)) {
    parts.dialogue?.add("*", `asking ${nameOf(server)}`);
    const conversation = { server, letter, to, message, settings: login ? settings : anonymous(settings) };
    const outcome = await converse(conversation, parts);
    if (outcome.type === "answered") return outcome;
    problems.push(`${nameOf(server)}: ${outcome.problem}`);
    alarm ||= outcome.alarm;
  }
  return { type: "unreachable", problem: problems.join("; "), alarm };
}

/** A server that the letter names gets no password of ours, and what TLS it offers. */
const anonymous = (settings: SmtpSettings): SmtpSettings => ({
  ...settings,
  ...{ user: undefined, passwordFile: undefined, tls: "opportunistic", verify: false, tlsName: undefined },
});

/** The server that the letter itself names is asked first; what follows is what everybody's letters take. */
function serversFor({ via }: Letter, { servers }: SmtpSettings) {
  const ours = servers.map((server) => ({ server, login: true }));
  const named = via === undefined ? undefined : readServer(via, 25);
  return named === undefined || !("value" in named) ? ours : [{ server: named.value, login: false }, ...ours];
}

const says = (error: unknown): string => (error instanceof Error ? error.message : String(error));

const all = (to: readonly string[], verdict: Answer["verdict"], reply: string): readonly Answer[] =>
  to.map((address) => ({ address, verdict, reply }));

interface Conversation {
  readonly server: SmtpServer;
  readonly letter: Letter;
  readonly to: readonly string[];
  readonly message: Buffer;
  readonly settings: SmtpSettings;
}

async function converse(conversation: Conversation, parts: SmtpParts): Promise<Outcome> {
  const { server, letter, to, message, settings } = conversation;
  let credentials: { readonly user: string; readonly pass: string } | undefined;
  let ca: Buffer | undefined;
  try {
    credentials = readCredentials(settings);
    ca = settings.caFile === undefined ? undefined : readFileSync(settings.caFile);
  } catch (error) {
    return { type: "unreachable", problem: says(error), alarm: true };
  }
  const { default: SmtpConnection } = await import("nodemailer/lib/smtp-connection");
  const timeout = settings.timeout;
  const connection = new SmtpConnection({
    host: server.host,
    port: server.port,
    name: parts.localName,
    secure: settings.tls === "implicit",
    requireTLS: settings.tls === "required",
    ignoreTLS: settings.tls === "off",
    opportunisticTLS: false,
    connectionTimeout: timeout,
    greetingTimeout: timeout,
    socketTimeout: timeout,
    dnsTimeout: timeout,
    ...(settings.tlsName === undefined ? {} : { servername: settings.tlsName }),
    ...(parts.dialogue === undefined ? {} : { logger: parts.dialogue.logger(), transactionLog: true }),
    tls: { rejectUnauthorized: settings.verify, ...(ca === undefined ? {} : { ca }) },
  });
  return await new Promise<Outcome>((resolve) => {
    const limitMs = timeout * CONVERSATION;
    const callOff = parts.clock.at(plus(parts.clock.now(), milliseconds(limitMs)), () =>
      settle({ type: "unreachable", problem: `the conversation took over ${limitMs} ms`, alarm: false }),
    );
    const settle = (outcome: Outcome) => {
      callOff();
      resolve(outcome); // only the first one counts
      connection.close();
    };
    const name = nameOf(server);
    const failed = (error: SmtpFailure) => settle(judge(error, to, name, connection.secure));
    connection.on("error", failed);
    connection.on("end", () => failed({ message: "the connection ended" }));
    const send = () =>
      connection.send(envelope(letter, to, settings), message, (error, info) => {
        if (error) return failed(error);
        const { accepted = [], rejectedErrors = [], response = "" } = info ?? {};
        const answers = [
          ...all(accepted.map(String), "delivered", response),
          ...rejections(rejectedErrors, to),
        ];
        connection.quit();
        settle({ type: "answered", server: name, answers, tls: connection.secure });
      });
    connection.connect((error) => {
      if (error) return failed(error);
      if (credentials === undefined) return send();
      connection.login({ credentials: { ...credentials } }, (refused) =>
        refused ? failed(refused) : send(),
      );
    });
  });
}

/** The server is asked to report failures where it can; successes are nobody's business. */
function envelope({ from, id }: Letter, to: readonly string[], { dsn }: SmtpSettings) {
  const asked = { dsn: { id, return: "headers", notify: ["failure", "delay"] } };
  return { from, to: [...to], ...(dsn ? asked : {}) };
}

/** Who was refused at RCPT, and with which answer. */
function rejections(errors: unknown, to: readonly string[]): readonly Answer[] {
  if (!Array.isArray(errors)) return [];
  return errors.flatMap((error: unknown) => {
    if (!isFailure(error) || typeof error.recipient !== "string" || !to.includes(error.recipient)) return [];
    const { recipient, responseCode, response, message } = error;
    const verdict = verdictOf(typeof responseCode === "number" ? responseCode : 0);
    return [{ address: recipient, verdict, reply: typeof response === "string" ? response : message }];
  });
}

const isFailure = (error: unknown): error is SmtpFailure =>
  typeof error === "object" && error !== null && "message" in error;

const ALARMS = new Set(["EAUTH", "ETLS", "ENOAUTH", "EREQUIRETLS"]);

/** Is it the recipients', the message's or the server's failure? */
function judge(error: SmtpFailure, to: readonly string[], server: string, tls: boolean): Outcome {
  const { code, command, responseCode, response, message } = error;
  const refused = rejections(error.rejectedErrors, to);
  if (refused.length > 0) return { type: "answered", server, tls, answers: refused };
  const transaction = command === "DATA" || command === "MAIL FROM" || command === "RCPT TO";
  if (transaction && typeof responseCode === "number" && responseCode !== 421) {
    const reply = typeof response === "string" ? response : message;
    return { type: "answered", server, tls, answers: all(to, verdictOf(responseCode), reply) };
  }
  const certificate = /certificate|self.signed|altnames/i.test(message);
  return { type: "unreachable", problem: message, alarm: ALARMS.has(String(code)) || certificate };
}

function readCredentials({ user, passwordFile }: SmtpSettings): { user: string; pass: string } | undefined {
  if (user === undefined || passwordFile === undefined) return undefined;
  return { user, pass: readSecret(passwordFile) };
}
