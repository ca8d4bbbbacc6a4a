/** What `notifier.ini` says, with the defaults filled in. */
import type { Millis } from "@systole/machine";
import type { HookFormat } from "../core/hook-requests.js";
import type { NotifyFrom } from "../core/notify-from.js";
import type { SubjectStyle } from "../core/subject.js";
import type { Recipient } from "../types.js";

/**
 * How a mail server is spoken to.
 *
 * `opportunistic`: STARTTLS where the server offers it. `required`: STARTTLS or no mail. `implicit`: TLS from the
 * first byte. `off`: never. A mode is never weakened because the stronger one failed.
 */
export type TlsMode = "off" | "opportunistic" | "required" | "implicit";

export interface SmtpServer {
  readonly host: string;
  readonly port: number;
}

export interface SmtpSettings {
  /** A local program that takes letters instead of a server: `/usr/sbin/sendmail`. */
  readonly sendmail: string | undefined;
  /** Asked in this order; the next one if one cannot be reached. */
  readonly servers: readonly SmtpServer[];
  /** Sender of the letters and of their envelopes; `systole@NODE` unless told otherwise. */
  readonly from: string | undefined;
  readonly tls: TlsMode;
  /** The certificate must be right. */
  readonly verify: boolean;
  /** Certificates of authorities, PEM file; the system's own unless told otherwise. */
  readonly caFile: string | undefined;
  /** The name in the certificate, where it is not the server's. */
  readonly tlsName: string | undefined;
  readonly user: string | undefined;
  readonly passwordFile: string | undefined;
  /** Ask a server that can to report letters that it could not deliver after all. */
  readonly dsn: boolean;
  /** For connecting, and for each answer. */
  readonly timeout: Millis;
}

/** Where letters are posted to. The URL is often all the secret there is: it is in no log and no status. */
export interface Webhook {
  readonly name: string;
  readonly format: HookFormat;
  readonly url: string | undefined;
  /** The URL, from a file that others cannot read. */
  readonly urlFile: string | undefined;
  /** json: the key of the HMAC; pagerduty: the routing key. */
  readonly keyFile: string | undefined;
  readonly caFile: string | undefined;
  readonly timeout: Millis;
}

export interface NotifierSettings {
  /** Daemons of this node whose events are read. */
  readonly sources: readonly string[];
  /** How long the events of one incident are collected. */
  readonly groupWait: Millis;
  /** How old an undelivered letter may become. */
  readonly maxAge: Millis;
  readonly spool: string;
  /** The audit trail; undefined: none. */
  readonly audit: string | undefined;
  /** Mails an hour to one address; what is more comes as one letter. 0: no limit. */
  readonly ceiling: number;
  /** So many changes within the window are flapping. */
  readonly flapChanges: number;
  readonly flapWindow: Millis;
  readonly subjects: SubjectStyle;
  /** Which of two directors mails what both see. */
  readonly notifyFrom: NotifyFrom;
  readonly webhooks: readonly Webhook[];
  readonly smtp: SmtpSettings;
  readonly recipients: readonly Recipient[];
}

export const DEFAULT_AUDIT = "/var/log/systole/audit.jsonl";
export const DEFAULT_SPOOL = "/var/lib/systole/notifierd";
