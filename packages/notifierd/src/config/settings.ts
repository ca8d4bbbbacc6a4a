/** What `notifier.ini` says, with the defaults filled in. */
import type { Millis } from "@systole/machine";
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
  /** For connecting, and for each answer. */
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
  readonly smtp: SmtpSettings;
  readonly recipients: readonly Recipient[];
}

export const DEFAULT_SPOOL = "/var/lib/systole/notifierd";
