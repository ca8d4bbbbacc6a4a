/**
 * ctsyncd and a real conntrackd as the bench sees them: the same configuration, the same control socket, the same words
 * in the statistics. Two of a kind make a pair.
 */
import { readdirSync, readFileSync } from "node:fs";
import { connect } from "node:net";
import type { LabNode } from "../../lab/node.js";
import { peerOn } from "../../lab/peer.js";
import { until } from "../../lab/until.js";

const CONF = "/etc/conntrackd/conntrackd.conf";
const CONTROL = "/run/conntrackd.ctl";

/** Numbers of requests on the control socket; both speak them. */
export const COMMIT = 18;
export const REQUEST_RESYNC = 23;
export const FLUSH_EXTERNAL = 34;
const STATISTICS = 21;
const RUNTIME = 30;

/** systemd/ctsyncd.service starts it so. */
const AS_SHIPPED = "--max-semi-space-size=1";

/** A daemon that runs on a node. */
export interface Syncer {
  readonly pid: number;
  /** What it answers to a request, when it has answered everything. */
  ask(request: number): Promise<string>;
  /** Flows in its internal and external cache. */
  flows(): Promise<{ readonly internal: number; readonly external: number }>;
  /** How often the kernel dropped events. */
  overruns(): Promise<number>;
}

export interface Contender {
  readonly name: "ctsyncd" | "conntrackd";
  start(node: LabNode): Promise<Syncer>;
}

/** Normal scheduling for both: priority 0 is what conntrackd refuses, with a warning, and then goes on without. */
function configuration(node: LabNode, real: string): string {
  const peer = node.name === "director1" ? 2 : 1;
  return `Sync {
  Mode FTFW { }
  UDP {
    IPv4_address ${node.ipv4("hb1")}
    IPv4_Destination_Address 10.0.3.${peer}
    Port 3780
    Interface hb1
    SndSocketBuffer 4194304
    RcvSocketBuffer 4194304
    Checksum on
  }
}
General {
  HashSize 262144
  HashLimit 1048576
  NetlinkBufferSize 16777216
  NetlinkBufferSizeMaxGrowth 16777216
  LockFile /var/lock/conntrackd.lock
  UNIX { Path ${CONTROL} }
  ${real}
}
`;
}

export const contenders: readonly Contender[] = [
  {
    name: "conntrackd",
    async start(node) {
      const peer = await peerOn(node, "cluster");
      peer.put(CONF, configuration(node, "Scheduler { Type rr Priority 0 }"));
      await peer.sh("mkdir -p /var/lock");
      const pid = await peer.daemon("conntrackd", ["conntrackd", "-C", CONF]);
      return syncer(pid, peer.path(CONTROL));
    },
  },
  {
    name: "ctsyncd",
    async start(node) {
      node.put(CONF, configuration(node, ""));
      const program = new URL("../../packages/ctsyncd/dist/bin/ctsyncd.js", import.meta.url).pathname;
      const pid = await node.daemon("ctsyncd", [process.execPath, AS_SHIPPED, program, "-C", CONF]);
      return syncer(pid, node.path(CONTROL));
    },
  },
];

async function syncer(pid: number, control: string): Promise<Syncer> {
  const ask = (request: number) => asked(control, request);
  await until(
    "the daemon to answer",
    () =>
      ask(STATISTICS).then(
        () => true,
        () => false,
      ),
    {
      everyMs: 100,
      limitMs: 60_000,
    },
  );
  return {
    pid,
    ask,
    async flows() {
      const [internal = "0", external = "0"] = Array.from(
        (await ask(STATISTICS)).matchAll(/current active connections:\s+(\d+)/g),
        ([, count]) => count!,
      );
      return { internal: Number(internal), external: Number(external) };
    },
    async overruns() {
      const found = /overrun\D*(\d+)/i.exec(await ask(RUNTIME));
      return Number(found?.[1] ?? Number.NaN);
    },
  };
}

function asked(path: string, request: number): Promise<string> {
  return new Promise((resolve, reject) => {
    const code = Buffer.alloc(4);
    code.writeInt32LE(request);
    let text = "";
    const socket = connect(path, () => socket.write(code));
    socket.on("data", (bytes) => {
      text += bytes;
    });
    socket.on("error", reject);
    socket.on("close", () => resolve(text));
  });
}

/** Processor time of all threads of a process so far, in nanoseconds. */
export function cpuNs(pid: number): number {
  return readdirSync(`/proc/${pid}/task`).reduce(
    (sum, thread) =>
      sum + Number(readFileSync(`/proc/${pid}/task/${thread}/schedstat`, "utf8").split(" ")[0]),
    0,
  );
}

/** Private memory that is resident, in bytes. */
export function privateBytes(pid: number): number {
  const rollup = readFileSync(`/proc/${pid}/smaps_rollup`, "utf8");
  return Number(/^Anonymous:\s+(\d+)/m.exec(rollup)?.[1] ?? 0) * 1024;
}
