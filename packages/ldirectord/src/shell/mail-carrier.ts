/**
 * How a letter leaves: by notifierd if it listens to us, else by the SMTP server of the file, else by sendmail.
 *
 * One after the other, beside the director: nothing waits for a mail server. A letter that nobody takes is told in the
 * log, and stays a fact on the bus: a notifierd that comes later sends it.
 */
import { spawn } from "node:child_process";
import { existsSync } from "node:fs";
import { userInfo } from "node:os";
import type { EventLog, LetterFact } from "@systole/bus";
import { controlClient, controlPath, type Logger } from "@systole/daemon";
import { type Clock, milliseconds, plus } from "@systole/machine";
import type { SmtpServer } from "../config/mail.js";
import * as lines from "../log-lines.js";
import type { Letter } from "./letters.js";

export interface MailCarrier {
  send(letter: Letter, smtp: SmtpServer | undefined): void;
  /** Until all letters have left, or the time is over. */
  idle(limitMs: number): Promise<void>;
}

export interface CarrierParts {
  readonly events: EventLog;
  readonly log: Logger;
  readonly clock: Clock;
  readonly node: string;
  /** Our name on the bus, by which notifierd listens to us. */
  readonly daemon: string;
  readonly world?: Partial<MailWorld>;
}

/** What a test may replace. */
export interface MailWorld {
  readonly isHeard: (daemon: string) => Promise<boolean>;
  readonly sendmailPaths: readonly string[];
}

const MOST_WAITING = 1000;
/** For each answer of the mail server, and for sendmail as a whole. */
const LIMIT_MS = 10_000;

export function createMailCarrier({
  events,
  log,
  clock,
  node,
  daemon,
  world = {},
}: CarrierParts): MailCarrier {
  const { isHeard = notifierHears, sendmailPaths = ["/usr/sbin/sendmail", "/usr/lib/sendmail"] } = world;
  let waiting = 0;
  let last: Promise<void> = Promise.resolve();

  async function carry(letter: Letter, smtp: SmtpServer | undefined): Promise<void> {
    const publish = () => void events.publish("notice", letterFact(letter, smtp));
    if (await isHeard(daemon)) return publish();
    try {
      if (smtp === undefined) await bySendmail(await compose(letter, node), sendmailPaths, clock);
      else await bySmtp(letter, smtp, node);
    } catch (error) {
      const line = smtp === undefined ? lines.mailFailed() : lines.smtpMailFailed();
      const reason = error instanceof Error ? error.message : String(error);
      log.error({ event: "letter.failed", error: reason }, `${line}: ${reason}`);
      publish();
    }
  }

  return {
    send(letter, smtp) {
      if (waiting >= MOST_WAITING) {
        log.error(
          { event: "letter.dropped", waiting },
          `${letter.subject}: not mailed, too many letters wait`,
        );
        return;
      }
      waiting += 1;
      last = last
        .then(() => carry(letter, smtp))
        .finally(() => {
          waiting -= 1;
        });
    },
    idle: (limitMs) =>
      new Promise((done) => {
        const callOff = clock.at(plus(clock.now(), milliseconds(limitMs)), done);
        void last.then(() => {
          callOff();
          done();
        });
      }),
  };
}

/** `smtp=` of the file is asked before the servers of notifier.ini, for this letter. */
const letterFact = (letter: Letter, smtp: SmtpServer | undefined): LetterFact => ({
  kind: "letter",
  ...letter,
  ...(letter.from === undefined ? {} : { from: bareAddress(letter.from) }),
  ...(smtp === undefined ? {} : { via: viaOf(smtp) }),
});

const viaOf = ({ host, port }: SmtpServer): string =>
  host.includes(":") ? `[${host}]:${port}` : `${host}:${port}`;

async function notifierHears(daemon: string): Promise<boolean> {
  try {
    const status = await controlClient(controlPath("notifierd"), { limitMs: 1000 }).call("status");
    // notifierd's own answer; one of another shape counts as not listening
    const { sources } = status as {
      sources?: Readonly<Record<string, { readonly live?: boolean } | undefined>>;
    };
    return sources?.[daemon]?.live === true;
  } catch {
    return false;
  }
}

const sender = (node: string): string => `${userInfo().username}@${node}`;

/** `"LVS" <lvs@example.org>` and the like: the part that an envelope takes. */
const bareAddress = (text: string): string => /<([^<>]+)>/.exec(text)?.[1] ?? text.trim();

const headers = (letter: Letter, node: string) => ({
  from: letter.from ?? sender(node),
  to: [...letter.to],
  subject: letter.subject,
  text: letter.text,
  headers: { "Auto-Submitted": "auto-generated" },
  xMailer: false as const,
  disableFileAccess: true,
  disableUrlAccess: true,
});

async function compose(letter: Letter, node: string): Promise<Buffer> {
  const { default: MailComposer } = await import("nodemailer/lib/mail-composer");
  const message = await new MailComposer(headers(letter, node)).compile().build();
  return Buffer.from(message.toString("latin1").replaceAll("\r\n", "\n"), "latin1"); // lines of Unix for sendmail
}

async function bySmtp(letter: Letter, { host, port }: SmtpServer, node: string): Promise<void> {
  const { createTransport } = await import("nodemailer");
  const transport = createTransport({
    ...{ host, port, name: node, secure: false },
    // As private as the server can make it; the original knew no TLS at all.
    tls: { rejectUnauthorized: false },
    connectionTimeout: LIMIT_MS,
    greetingTimeout: LIMIT_MS,
    socketTimeout: LIMIT_MS,
    dnsTimeout: LIMIT_MS,
  });
  try {
    const envelope = { from: bareAddress(letter.from ?? sender(node)), to: [...letter.to] };
    const { rejected } = await transport.sendMail({ ...headers(letter, node), envelope });
    if (rejected.length > 0) throw new Error(`${host}: refused for ${rejected.map(String).join(", ")}`);
  } finally {
    transport.close();
  }
}

async function bySendmail(message: Buffer, paths: readonly string[], clock: Clock): Promise<void> {
  const path = paths.find((each) => existsSync(each));
  if (path === undefined) throw new Error(`there is no ${paths.join(" and no ")}`);
  await new Promise<void>((done, fail) => {
    const child = spawn(path, ["-t"], { stdio: ["pipe", "ignore", "ignore"], detached: true, cwd: "/" });
    const callOff = clock.at(plus(clock.now(), milliseconds(LIMIT_MS)), () => {
      if (child.pid !== undefined) process.kill(-child.pid, "SIGKILL");
    });
    child.once("error", (error) => {
      callOff();
      fail(error);
    });
    child.once("exit", (code, signal) => {
      callOff();
      if (code === 0) done();
      else fail(new Error(`${path}: ${signal ?? `exit code ${code}`}`));
    });
    child.stdin.on("error", () => {}); // its exit says it
    child.stdin.end(message);
  });
}
