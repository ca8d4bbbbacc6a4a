import type { LogEntry } from "../log-target.js";

/** Takes log entries at once or drops them; never throws, never waits. */
export interface Sink {
  write(entry: LogEntry): void;
  reopen(): void;
  close(): void;
}
