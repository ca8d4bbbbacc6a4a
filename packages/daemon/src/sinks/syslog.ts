/** Datagrams to /dev/log: `<PRI>Mon DD HH:MM:SS ident[pid]: text`, RFC 3164 as syslog(3) writes it. */
import { SYSLOG_PRIORITY, syslogStamp } from "../log-format.js";
import type { LogEntry, LogFormat } from "../log-target.js";
import type { Sink } from "./sink.js";

/** Sends one datagram to a Unix socket's path; throws what the kernel says. */
export type SendDatagram = (path: string, datagram: Uint8Array) => void;

const FACILITIES = [
  ...["kern", "user", "mail", "daemon", "auth", "syslog", "lpr", "news", "uucp", "cron", "authpriv", "ftp"],
  ...["ntp", "audit", "alert", "clock", "local0", "local1", "local2", "local3", "local4", "local5", "local6"],
  "local7",
];

/** The facility's number, or undefined if there is none of that name. */
export function facilityNumber(name: string): number | undefined {
  const number = FACILITIES.indexOf(name.toLowerCase());
  return number === -1 ? undefined : number;
}

/** Longest text of one datagram; journald and rsyslog take at least this much. */
const TEXT_LIMIT = 8000;

export interface SyslogOptions {
  readonly facility: string;
  readonly ident: string;
  readonly path?: string;
  readonly format?: LogFormat;
  readonly send: SendDatagram;
  readonly drop: () => void;
}

/** @param format makes the text behind `ident[pid]: `; the message alone unless told otherwise. */
export function openSyslogSink(options: SyslogOptions): Sink {
  const facility = facilityNumber(options.facility) ?? 3;
  const text = options.format ?? (({ message }: LogEntry) => message);
  const path = options.path ?? "/dev/log";
  return {
    write(entry) {
      const head = `<${facility * 8 + SYSLOG_PRIORITY[entry.level]}>${syslogStamp(entry.atMs)}`;
      const line = `${head} ${options.ident}[${entry.pid}]: ${text(entry).slice(0, TEXT_LIMIT)}`;
      try {
        options.send(path, Buffer.from(line, "utf8"));
      } catch {
        options.drop();
      }
    },
    reopen() {},
    close() {},
  };
}
