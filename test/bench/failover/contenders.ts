/** Ours, the original and keepalived, each with the times asked for or the nearest it can. */

import { controlClient } from "@systole/daemon";
import type { HeartbeatStatus } from "../../../packages/heartbeat/src/shell/commands.js";
import { NODE_OPTIONS } from "../../../packages/heartbeat/src/shell/node-options.js";
import type { LabNode } from "../../lab/node.js";
import { type Peer, peerOn } from "../../lab/peer.js";
import { signalTo } from "../../lab/process.js";
import { elapse } from "../../lab/until.js";
import { type Contender, processesOf, type Times, VIP } from "./contender.js";

const PEERS = ["director1", "director2"];

const bin = (name: string): string => `${process.cwd()}/packages/heartbeat/dist/bin/${name}.js`;

const haCf = ({ keepaliveMs, deadtimeMs }: Times): string => `logfile /var/log/ha-log
keepalive ${keepaliveMs}ms
deadtime ${deadtimeMs}ms
warntime ${deadtimeMs / 2}ms
initdead 10
udpport 694
bcast pub
auto_failback off
node ${PEERS.join(" ")}
`;

const AUTHKEYS = "auth 1\n1 sha1 bench\n";
const HARESOURCES = `director1 IPaddr2::${VIP}/24/pub\n`;

export const systole = (times: Times): Contender => ({
  name: "systole",
  times,
  startMs: 40_000,
  settleMs: 40_000,
  clusters: 1,
  healMs: 2500,
  calmMs: 0,
  async start(node) {
    node.put("/etc/ha.d/ha.cf", haCf(times));
    node.put("/etc/ha.d/haresources", HARESOURCES);
    node.put("/etc/ha.d/authkeys", AUTHKEYS, 0o600);
    await node.daemon("heartbeat", [process.execPath, ...NODE_OPTIONS, bin("heartbeat"), "-f"]);
  },
  log: "/var/log/ha-log",
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

const ASK = "cl_status rscstatus; cl_status nodestatus director1; cl_status nodestatus director2";

export const heartbeat = (times: Times): Contender => ({
  name: "heartbeat 3.0.6",
  times,
  startMs: 90_000,
  settleMs: 90_000,
  clusters: 2,
  healMs: 20_000,
  calmMs: 8000,
  async start(node) {
    const peer = await cluster(node);
    peer.put("/etc/ha.d/ha.cf", `${haCf(times)}crm off\n`);
    peer.put("/etc/ha.d/haresources", HARESOURCES);
    peer.put("/etc/ha.d/authkeys", AUTHKEYS, 0o600);
    await peer.run(["mkdir", "-p", "/var/run/heartbeat", "/var/run/resource-agents", "/var/lib/heartbeat"]);
    await peer.run(["/usr/libexec/heartbeat/heartbeat"]);
  },
  log: "/run/peer/cluster/var/log/ha-log",
  mark: "heartbeat: ",
  async isWell(nodes) {
    const told = await Promise.all(
      nodes.map(async (node) => (await (await cluster(node)).sh(ASK, { check: false })).stdout),
    );
    return told.every((words) => /^(all|none|local|foreign)\nactive\nactive\n$/.test(words));
  },
  move: async (from) => (await cluster(from)).run(["/usr/share/heartbeat/hb_standby", "all"]),
});

/**
 * An advertisement each keepalive. Silence of four of them and of the skew, nearly a fifth at the lowest priorities, is
 * death: keepalive times five, which is our deadtime in all three pairs.
 */
const keepalivedConf = ({ keepaliveMs }: Times, priority: number): string => `global_defs {
  vrrp_version 3
}
vrrp_instance bench {
  state BACKUP
  nopreempt
  interface pub
  virtual_router_id 51
  priority ${priority}
  advert_int ${keepaliveMs / 1000}
  down_timer_adverts 4
  virtual_ipaddress {
    ${VIP}/24
  }
}
`;

export const keepalived = (times: Times): Contender => ({
  name: "keepalived 2.2.7",
  times,
  startMs: 40_000,
  settleMs: 40_000,
  clusters: 1,
  healMs: 2500,
  calmMs: 0,
  async start(node) {
    const peer = await cluster(node);
    peer.put("/etc/keepalived/keepalived.conf", keepalivedConf(times, node.name === "director1" ? 2 : 1));
    await peer.daemon("keepalived", ["keepalived", "--dont-fork", "--log-console"]);
  },
  log: "/var/log/lab/keepalived.log",
  mark: "keepalived",
  async isWell(nodes) {
    await elapse(1000 + 2 * times.deadtimeMs); // it does not say
    return nodes.every((node) => processesOf(node, { mark: "keepalived" }).length > 0);
  },
  /** It has no word for it: it is stopped, as its own unit does. */
  async move(from) {
    for (const pid of processesOf(from, { mark: "keepalived" }).slice(0, 1)) signalTo(pid, "SIGTERM");
  },
});

const cluster = (node: LabNode): Promise<Peer> => peerOn(node, "cluster");

const KINDS = [systole, keepalived, heartbeat];

/** All three with those times, or only those whose name begins with one of the words. */
export const contendersWith = (times: Times, only: readonly string[] = [""]): readonly Contender[] =>
  KINDS.map((kind) => kind(times)).filter(({ name }) => only.some((word) => name.startsWith(word)));
