/**
 * journald's own protocol: one datagram an entry, with its facility, and its fields beside the text. The text is what
 * scripts read; `journalctl -o verbose` and `journalctl SYSTOLE_EVENT=config.refused` know the rest.
 *
 * https://systemd.io/JOURNAL_NATIVE_PROTOCOL/
 */
import { escapeControl, SYSLOG_PRIORITY } from "../log-format.js";
import type { LogEntry } from "../log-target.js";
import type { Sink } from "./sink.js";
import { facilityNumber, type SyslogOptions } from "./syslog.js";

const SOCKET = "/run/systemd/journal/socket";
/** Longest value of one field, in characters. */
const VALUE_LIMIT = 8000;
/** Longest name of a field: the journal drops what is longer than 64. */
const NAME_LIMIT = 64;

/** `drop` is told of each entry that the journal did not take. */
export type JournalOptions = Omit<SyslogOptions, "drop"> & { readonly drop: (entry: LogEntry) => void };

export function openJournalSink(options: JournalOptions): Sink {
  const facility = facilityNumber(options.facility) ?? 3;
  const text = options.format ?? (({ message }: LogEntry) => message);
  return {
    write(entry) {
      const lines = [
        ["MESSAGE", text(entry)],
        ["PRIORITY", SYSLOG_PRIORITY[entry.level]],
        ["SYSLOG_FACILITY", facility],
        ["SYSLOG_IDENTIFIER", options.ident],
        ["SYSLOG_PID", entry.pid],
        ...Object.entries(entry.fields).map(([name, value]) => [fieldName(name), value]),
      ].map(([name, value]) => `${name}=${valueText(value)}\n`);
      try {
        options.send(SOCKET, Buffer.from(lines.join(""), "utf8"));
      } catch {
        options.drop(entry);
      }
    },
    reopen() {},
    close() {},
  };
}

/** `silenceMs` as `SYSTOLE_SILENCE_MS`: capital letters, digits and underscores are all that it may have. */
const fieldName = (name: string): string =>
  `SYSTOLE_${name
    .replaceAll(/([a-z\d])([A-Z])/g, "$1_$2")
    .toUpperCase()
    .replaceAll(/[^A-Z\d]/g, "_")}`.slice(0, NAME_LIMIT);

/** Never two lines: a line ending would begin another field. */
const valueText = (value: unknown): string =>
  escapeControl(typeof value === "string" ? value : (JSON.stringify(value) ?? "undefined")).slice(
    0,
    VALUE_LIMIT,
  );
