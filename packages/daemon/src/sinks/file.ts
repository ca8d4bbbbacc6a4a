/** A log file: appended to, opened anew on SIGHUP, dropped lines counted and told once it can be written again. */
import { closeSync, mkdirSync, openSync, writeSync } from "node:fs";
import { dirname } from "node:path";
import { plainLine } from "../log-format.js";
import type { LogFormat } from "../log-target.js";
import type { Sink } from "./sink.js";

export function openFileSink(path: string, format: LogFormat = plainLine, drop: () => void): Sink {
  let file: number | undefined;
  let missed = 0;

  function open(): number {
    mkdirSync(dirname(path), { recursive: true });
    return openSync(path, "a", 0o640);
  }

  function close(): void {
    if (file === undefined) return;
    const old = file;
    file = undefined;
    try {
      closeSync(old);
    } catch {
      // nothing was buffered here; what could not be written has been counted
    }
  }

  return {
    write(entry) {
      try {
        file ??= open();
        if (missed > 0) {
          const message = `${missed} log lines could not be written to ${path}`;
          writeSync(file, `${format({ ...entry, level: "error", message, fields: {} })}\n`);
          missed = 0;
        }
        writeSync(file, `${format(entry)}\n`);
      } catch {
        close();
        missed += 1;
        drop();
      }
    },
    reopen: close,
    close,
  };
}
