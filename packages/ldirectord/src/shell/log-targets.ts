/** Where the daemon's log goes, as ldirectord.cf and the command line say; lines as scripts have read them. */
import type { LogEntry, LogTarget } from "@systole/daemon";
import type { LdirectordConfig } from "../config/ldirectord-cf.js";
import * as lines from "../log-lines.js";
import type { Options } from "./command-line.js";

export function logTargets(
  { globals }: Pick<LdirectordConfig, "globals">,
  name: string,
  options: Pick<Options, "debug" | "foreground">,
): readonly LogTarget[] {
  if (options.debug) return [{ kind: "stderr" }];
  const own: LogTarget = globals.supervised
    ? {
        kind: "file",
        path: "/dev/stdout",
        level: "info",
        format: ({ atMs, message }) => lines.supervisedLine(atMs, message),
      }
    : globals.logFile.startsWith("/")
      ? { kind: "file", path: globals.logFile, level: "info", format: fileFormat(name) }
      : {
          kind: "syslog",
          facility: globals.logFile,
          ident: "ldirectord",
          level: "info",
          format: ({ message }) => message,
        };
  return options.foreground ? [{ kind: "stderr" }, own] : [own];
}

const fileFormat =
  (name: string) =>
  ({ atMs, pid, message }: LogEntry): string =>
    lines.fileLine(atMs, name, pid, message);
