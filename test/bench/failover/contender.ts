/** What takes part in the comparison: one program on two directors, each told in its own words. */
import { readdirSync, readFileSync, readlinkSync } from "node:fs";
import { controlClient } from "@systole/daemon";
import type { HeartbeatStatus } from "../../../packages/heartbeat/src/shell/commands.js";
import type { LabNode } from "../../lab/node.js";
import { type Peer, peerOn } from "../../lab/peer.js";
import { signalTo } from "../../lab/process.js";
import { elapse } from "../../lab/until.js";

export const VIP = "10.0.1.200";

export interface Contender {
  readonly name: string;
  /** How long its cold start may take. */
  readonly startMs: number;
  /** How long it may take until it is well again after a fault. */
  readonly settleMs: number;
  start(node: LabNode): Promise<void>;
  /** A word that is in the command line of every process of it, and of no other on the node. */
  readonly mark: string;
  /** Both hear one another, nothing moves: a fault now is a fair one. */
  isWell(nodes: readonly LabNode[]): Promise<boolean>;
  /** Hands the VIP over on purpose. */
  move(from: LabNode): Promise<unknown>;
}

const PEERS = ["director1", "director2"];

/** Process ids, as this machine numbers them, of everything that belongs to the contender on that node. */
export function processesOf(node: LabNode, { mark }: Contender): readonly number[] {
  const space = readlinkSync(`/proc/${node.pid}/ns/pid`);
  return readdirSync("/proc").flatMap((name) => {
    try {
      if (!/^\d+$/.test(name) || readlinkSync(`/proc/${name}/ns/pid`) !== space) return [];
      return readFileSync(`/proc/${name}/cmdline`, "latin1").includes(mark) ? [Number(name)] : [];
    } catch {
      return []; // it has ended meanwhile
    }
  });
}

const bin = (name: string): string => `${process.cwd()}/packages/heartbeat/dist/bin/${name}.js`;

function haCf(keepalive: string, deadtime: string): string {
  return `logfile /var/log/ha-log
keepalive ${keepalive}
deadtime ${deadtime}
warntime ${deadtime}
initdead 10
udpport 694
bcast pub
auto_failback off
node ${PEERS.join(" ")}
`;
}

const AUTHKEYS = "auth 1\n1 sha1 bench\n";
const HARESOURCES = `director1 IPaddr2::${VIP}/24/pub\n`;

export const systole = (keepalive: string, deadtime: string): Contender => ({
  name: `systole ${keepalive}/${deadtime}`,
  startMs: 40_000,
  settleMs: 40_000,
  async start(node) {
    node.put("/etc/ha.d/ha.cf", haCf(keepalive, deadtime));
    node.put("/etc/ha.d/haresources", HARESOURCES);
    node.put("/etc/ha.d/authkeys", AUTHKEYS, 0o600);
    await node.daemon("heartbeat", [process.execPath, "--single-threaded-gc", bin("heartbeat"), "-f"]);
  },
  mark: "dist/bin/heartbeat.js",
  async isWell(nodes) {
    for (const node of nodes) {
      const status = await statusOf(node);
      if (status === undefined || status.holds === "transition") return false;
      if (status.nodes.some(({ state, hearsUs }) => state !== "active" || !hearsUs)) return false;
    }
    return true;
  },
  move: (from) => from.run([process.execPath, bin("hb_standby"), "all"]),
});

async function statusOf(node: LabNode): Promise<HeartbeatStatus | undefined> {
  try {
    // heartbeat answers `status` with exactly this
    return (await controlClient(node.path("/run/systole/heartbeat/control")).call(
      "status",
    )) as HeartbeatStatus;
  } catch {
    return undefined; // not up yet
  }
}

export const heartbeat: Contender = {
  name: "heartbeat 3.0.6 200ms/1",
  startMs: 90_000,
  settleMs: 90_000,
  async start(node) {
    const peer = await cluster(node);
    peer.put("/etc/ha.d/ha.cf", `${haCf("200ms", "1")}crm off\n`);
    peer.put("/etc/ha.d/haresources", HARESOURCES);
    peer.put("/etc/ha.d/authkeys", AUTHKEYS, 0o600);
    await peer.run(["mkdir", "-p", "/var/run/heartbeat", "/var/run/resource-agents", "/var/lib/heartbeat"]);
    await peer.run(["/usr/libexec/heartbeat/heartbeat"]);
  },
  mark: "heartbeat: ",
  async isWell(nodes) {
    const words = await Promise.all(
      nodes.map(async (node) => {
        const peer = await cluster(node);
        return (
          await peer.sh(
            "cl_status rscstatus; cl_status nodestatus director1; cl_status nodestatus director2",
            {
              check: false,
            },
          )
        ).stdout;
      }),
    );
    return words.every((told) => /^(all|none|local|foreign)\nactive\nactive\n$/.test(told));
  },
  move: async (from) => (await cluster(from)).run(["/usr/share/heartbeat/hb_standby", "all"]),
};

/** Silence of 3 advertisements and up to half of one more: 1.05 s. */
const ADVERTISEMENT_S = 0.3;

export const keepalived: Contender = {
  name: "keepalived 2.2.7 advert 0.3",
  startMs: 40_000,
  settleMs: 40_000,
  async start(node) {
    const peer = await cluster(node);
    const priority = node.name === "director1" ? 150 : 100;
    peer.put(
      "/etc/keepalived/keepalived.conf",
      `global_defs {\n  vrrp_version 3\n}
vrrp_instance bench {
  state BACKUP
  nopreempt
  interface pub
  virtual_router_id 51
  priority ${priority}
  advert_int ${ADVERTISEMENT_S}
  virtual_ipaddress {
    ${VIP}/24
  }
}
`,
    );
    await peer.daemon("keepalived", ["keepalived", "--dont-fork", "--log-console"]);
  },
  mark: "keepalived",
  async isWell(nodes) {
    await elapse(3000); // it does not say
    return nodes.every((node) => processesOf(node, keepalived).length > 0);
  },
  /** It has no word for it: it is stopped, as its own unit does. */
  async move(from) {
    for (const pid of processesOf(from, keepalived).slice(0, 1)) signalTo(pid, "SIGTERM");
  },
};

const cluster = (node: LabNode): Promise<Peer> => peerOn(node, "cluster");
