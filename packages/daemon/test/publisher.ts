/** Another daemon as far as its readers see it: an event log behind a control socket. For tests of the readers, too. */
import { join } from "node:path";
import { type EventLog, eventLog } from "@systole/bus";
import { pino } from "pino";
import { createControlServer } from "../src/control-server.js";
import { listenAt } from "../src/control-socket.js";

export interface Publisher {
  readonly log: EventLog;
  close(): Promise<void>;
}

/** @param run the directory of the runtime directories */
export async function publisher(run: string, daemon: string, node: string, boot: string): Promise<Publisher> {
  const log = eventLog({ boot, node, daemon, wallClock: () => Date.now(), monotonicMs: () => 0 });
  const control = createControlServer({
    ...{ boot, events: log, log: pino({ level: "silent" }) },
    ...{ callerOf: () => ({ pid: 0, uid: 0, gid: 0 }), mayChange: () => true },
  });
  await listenAt(control.server, join(run, daemon, "control"), undefined);
  return { log, close: control.close };
}
