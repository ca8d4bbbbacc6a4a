/** The few things of the operating system that the kit needs and a test wants to replace. */
import { fstatSync, readFileSync, realpathSync, writeSync } from "node:fs";
import type { Socket } from "node:net";
import { hostname } from "node:os";
import {
  descriptorOf,
  errnoName,
  openUnixDatagram,
  peerCredentials,
  type UnixDatagramSocket,
} from "@systole/sys";
import type { Caller } from "./context.js";
import type { StderrDoor } from "./sinks/stderr.js";
import type { SendDatagram } from "./sinks/syslog.js";

export interface SystemDoor {
  readonly sendDatagram: SendDatagram;
  readonly callerOf: (socket: Socket) => Caller;
  readonly stderr: StderrDoor;
  readonly environment: Readonly<Record<string, string | undefined>>;
}

/** stderr is the journal if it is the file that `JOURNAL_STREAM` names by device and inode, systemd.exec(5). */
function isJournal({ JOURNAL_STREAM: stream }: SystemDoor["environment"]): boolean {
  if (stream === undefined || stream === "") return false;
  try {
    const { dev, ino } = fstatSync(2);
    return stream === `${dev}:${ino}`;
  } catch {
    return false; // stderr is closed
  }
}

/** systemd makes /dev/log a link to the journal's socket; a syslog daemon may have put its own there. */
function journalHasDevLog(): boolean {
  try {
    return realpathSync("/dev/log") === "/run/systemd/journal/dev-log";
  } catch {
    return false; // there is none
  }
}

export function systemDoor(environment: SystemDoor["environment"] = process.env): SystemDoor {
  let datagrams: UnixDatagramSocket | undefined;
  return {
    sendDatagram(path, datagram) {
      datagrams ??= openUnixDatagram();
      const refused = datagrams.send(datagram, path);
      if (refused < 0) throw new Error(`send to ${path}: ${errnoName(-refused)}`);
    },
    callerOf(socket) {
      const descriptor = descriptorOf(socket);
      if (descriptor === undefined) throw new Error("the connection is closed already");
      return peerCredentials(descriptor);
    },
    stderr: {
      journal: isJournal(environment),
      journalTakesSyslog: journalHasDevLog(),
      write: (text) => void writeSync(2, text),
    },
    environment,
  };
}

/**
 * The local node's name in lower case: the first line of nodeinfo if the file is there, else `uname -n`.
 * The same rule for all daemons of a node (heartbeat's specification, section 2).
 */
export function nodeName(nodeinfo = "/etc/ha.d/nodeinfo"): string {
  try {
    const first = readFileSync(nodeinfo, "utf8").split("\n")[0]!.trim();
    if (first !== "") return first.toLowerCase();
  } catch {
    // the file is optional
  }
  return hostname().toLowerCase();
}
