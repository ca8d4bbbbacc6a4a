/** stderr: with a priority in front under journald (which strips it), lines for people elsewhere. */
import { messageWithFields, plainLine, SYSLOG_PRIORITY } from "../log-format.js";
import type { Sink } from "./sink.js";

export interface StderrDoor {
  /** stderr is the journal: `JOURNAL_STREAM` names its device and inode. */
  readonly journal: boolean;
  /** What is sent to /dev/log gets into that journal, too. */
  readonly journalTakesSyslog?: boolean;
  /** Throws what the kernel says. */
  write(text: string): void;
}

export function openStderrSink(door: StderrDoor, drop: () => void): Sink {
  return {
    write(entry) {
      const line = door.journal
        ? `<${SYSLOG_PRIORITY[entry.level]}>${messageWithFields(entry)}`
        : plainLine(entry);
      try {
        door.write(`${line}\n`);
      } catch {
        drop(); // a reader that went away or does not read; nothing else to tell it to
      }
    },
    reopen() {},
    close() {},
  };
}
