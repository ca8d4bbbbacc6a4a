/** The parts of a daemon process, made from its options: nothing here decides anything. */
import { randomBytes } from "node:crypto";
import { join } from "node:path";
import { type EventLog, eventLog } from "@systole/bus";
import { type Clock, systemClock } from "@systole/machine";
import { type Accounts, systemAccounts } from "./accounts.js";
import { runRoot } from "./control-client.js";
import { type ControlServer, createControlServer } from "./control-server.js";
import type { DaemonOptions } from "./daemon-options.js";
import { type DropBox, openDropBox } from "./drop-box.js";
import { dropDirectory } from "./drop-file.js";
import { createLog, type DaemonLog } from "./log.js";
import { createMetrics, type Metrics } from "./metrics.js";
import { createServiceManager, type ServiceManager } from "./service-manager.js";
import { nodeName, type SystemDoor, systemDoor } from "./system-door.js";

/** Changing verbs are for this group, beside root and the daemon's own user; reading is for haclient. */
const ADMINISTRATORS = "haadmin";

export interface Parts {
  readonly name: string;
  readonly node: string;
  readonly boot: string;
  readonly runDirectory: string;
  readonly clock: Clock;
  readonly wallClock: () => number;
  readonly door: SystemDoor;
  readonly logging: DaemonLog;
  readonly manager: ServiceManager;
  readonly events: EventLog;
  readonly metrics: Metrics;
  readonly accounts: Accounts;
  readonly control: ControlServer;
  /** For daemons whose events notifierd reads. */
  readonly dropBox: DropBox | undefined;
}

export function makeParts(name: string, options: DaemonOptions): Parts {
  const clock = options.clock ?? systemClock();
  const door = options.door ?? systemDoor();
  const wallClock = () => Date.now();
  const boot = randomBytes(8).toString("hex");
  const node = nodeName(options.nodeinfo);
  const { pid } = process;
  const { environment, stderr, sendDatagram, callerOf } = door;
  const logging = createLog({ name, pid, level: options.logLevel ?? "info", stderr, sendDatagram });
  const monotonicUs = () => process.hrtime.bigint() / 1000n;
  const monotonicMs = () => Number(monotonicUs() / 1000n);
  const events = eventLog({ boot, node, daemon: name, wallClock, monotonicMs });
  const accounts = systemAccounts();
  const root = options.runRoot ?? runRoot(environment);
  const { log } = logging;
  const box = { directory: dropDirectory(root), daemon: name, boot, events, clock, log };
  const dropBox = options.drops === false ? undefined : openDropBox(box);
  const mayChange = ({ uid, gid }: { uid: number; gid: number }) =>
    uid === 0 || uid === process.getuid?.() || accounts.isMember(uid, gid, ADMINISTRATORS);
  return {
    ...{ name, node, boot, clock, wallClock, door, logging, events, accounts, dropBox },
    runDirectory: join(root, name),
    manager: createServiceManager({ environment, pid, clock, send: sendDatagram, monotonicUs }),
    metrics: createMetrics(),
    control: createControlServer({
      ...{ boot, events, log, callerOf, mayChange },
      ...(dropBox === undefined ? {} : { keeper: dropBox.keeper }),
    }),
  };
}
