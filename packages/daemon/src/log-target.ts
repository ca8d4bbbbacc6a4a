/** Where log lines go, and what one line is made of. */

export type LogLevel = "trace" | "debug" | "info" | "warn" | "error" | "fatal";

export const LOG_LEVELS: readonly LogLevel[] = ["trace", "debug", "info", "warn", "error", "fatal"];

/** One log line before a target has given it a form. Control characters are already escaped. */
export interface LogEntry {
  /** Wall clock, milliseconds since 1970. */
  readonly atMs: number;
  readonly level: LogLevel;
  readonly name: string;
  readonly pid: number;
  readonly message: string;
  /** What was logged beside the message, without pino's own fields. */
  readonly fields: Readonly<Record<string, unknown>>;
}

/** Turns an entry into one line without its line ending. */
export type LogFormat = (entry: LogEntry) => string;

export type LogTarget =
  /** stderr: `<N>text` under journald, people's lines elsewhere. */
  | { readonly kind: "stderr"; readonly level?: LogLevel }
  /** Appended to; opened anew on SIGHUP, so that logrotate can move it. */
  | {
      readonly kind: "file";
      readonly path: string;
      readonly level?: LogLevel;
      readonly format?: LogFormat;
    }
  /** Datagrams to /dev/log, or to the journal itself if it has both. `facility` by its name: `daemon`, `local0`. */
  | {
      readonly kind: "syslog";
      readonly facility: string;
      readonly ident: string;
      readonly level?: LogLevel;
      readonly format?: LogFormat;
    };
