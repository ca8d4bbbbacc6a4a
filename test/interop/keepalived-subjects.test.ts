/** Filters of today keep working: the subjects that a real keepalived writes, and ours in its style, for the same facts. */
import { execFileSync } from "node:child_process";
import { mkdirSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { subject } from "../../packages/notifierd/src/core/subject.js";
import type { ClusterEvent, Fact } from "../../packages/notifierd/src/types.js";
import { type Cluster, makeCluster } from "../lab/cluster.js";
import { type Peer, peerOn } from "../lab/peer.js";
import type { Running } from "../lab/process.js";
import { ultraMonkey } from "../lab/topology.js";
import { until } from "../lab/until.js";
import { SINK_PORT, startSink } from "./mail-peers.js";

let cluster: Cluster;
let sink: Peer;
let original: Peer;
beforeAll(async () => {
  cluster = await makeCluster({ topology: ultraMonkey({ directors: 1, reals: 1 }) });
  sink = await peerOn(cluster.node("real1"), "services");
  await startSink(sink, "/srv/sink");
  original = await peerOn(cluster.node("director1"), "cluster");
}, 120_000);
afterAll(() => cluster.close());

const alerts = (mail: string): string => `global_defs {
  router_id lb2
  notification_email {
    ops@test
  }
  notification_email_from keepalived@test
  smtp_server ${mail} ${SINK_PORT}
  smtp_alert true
  smtp_alert_checker true
  vrrp_version 3
}
`;
const INSTANCE = `vrrp_instance web {
  state BACKUP
  interface pub
  virtual_router_id 51
  priority 100
  advert_int 0.2
  virtual_ipaddress {
    10.0.1.200/24
  }
}
`;
const service = (vip: string, real: string, ports: readonly number[]): string => `virtual_server ${vip} 80 {
  delay_loop 1
  lb_algo rr
  lb_kind NAT
  protocol TCP
${ports.map((port) => `  real_server ${real} ${port} {\n    TCP_CHECK {\n      connect_timeout 1\n    }\n  }`).join("\n")}
}
`;

/** The kernel here has no ip_vs: a preloaded object says yes in its place; mails are keepalived's own. */
function standIn(): string {
  const directory = join(process.cwd(), ".cache/interop");
  mkdirSync(directory, { recursive: true });
  const out = join(directory, "ipvs-stand-in.so");
  execFileSync("cc", ["-O1", "-shared", "-fPIC", "-o", out, "test/bench/farm/ipvs-stand-in.c"]);
  return out;
}

function ours(fact: Fact): string {
  const event: ClusterEvent = {
    ...{ v: 1, boot: "b", sequence: 1, node: "lb2", daemon: "heartbeat", atMs: 0, severity: "notice", fact },
  };
  const others = { severity: event.severity, heaviest: event, events: [event], others: 0 };
  return subject({ style: "keepalived", ...others });
}

/** keepalived with this configuration, until it has written all of these, each after what was done for it. */
async function writes(
  text: string,
  ...stages: readonly { act?: () => Promise<unknown>; facts: readonly Fact[] }[]
) {
  original.put("/etc/keepalived/keepalived.conf", alerts(cluster.node("real1").ipv4("lan")) + text);
  const environment = ["env", `LD_PRELOAD=${standIn()}`, "IPVS_CHANGES=/dev/null"];
  const keepalived = await original.spawn([...environment, "keepalived", "--dont-fork", "--log-console"]);
  // Mails of one second may stand in one file.
  const subjects = (): readonly string[] =>
    readdirSync(sink.path("/srv/sink")).flatMap((name) =>
      [...sink.read(`/srv/sink/${name}`).matchAll(/^Subject: (.*)$/gm)].map(([, one]) => one!.trim()),
    );
  const count = (list: readonly string[], one: string) => list.filter((other) => other === one).length;
  try {
    for (const { act, facts } of stages) {
      const before = subjects();
      await act?.();
      const missing = () => facts.map(ours).filter((one) => count(subjects(), one) === count(before, one));
      await until("keepalived's mails", () => missing().length === 0, { limitMs: 45_000 }).catch(() => {
        expect({ missing: missing(), before, there: subjects(), log: keepalived.lines }).toBeUndefined();
      });
    }
  } finally {
    await keepalived.stop();
  }
}

/** A server that takes connections when this returns. */
async function listen(port: number): Promise<Running> {
  const text = `require("node:net").createServer((socket) => socket.end()).listen(${port}, () => console.log("listens"))`;
  const server = await cluster.node("real1").spawn([process.execPath, "-e", text]);
  await until("the server to listen", () => server.lines.includes("listens"));
  return server;
}

test("keepalived's own words: an instance that waits and takes over, a service that loses its last server and gets it back", {
  timeout: 180_000,
}, async () => {
  const real = cluster.node("real1").ipv4("lan");
  const about = { service: "tcp 10.0.1.200:80", server: "127.0.0.1:80" };
  const took = { groups: ["web"], reason: "start", steps: [], totalMs: 1, degraded: [] };
  const server = await listen(80);
  await writes(
    INSTANCE + service("10.0.1.200", real, [80]),
    { facts: [{ kind: "takeover.finished", ...took }] },
    { act: () => server.stop(), facts: [{ kind: "fallback.used", ...about }] },
    { act: () => listen(80), facts: [{ kind: "fallback.left", ...about }] },
  );
});

test("keepalived's own words: a real server that dies beside one that lives, and comes back", {
  timeout: 180_000,
}, async () => {
  const real = cluster.node("real1").ipv4("lan");
  const about = { service: "tcp 10.0.1.201:80", server: `${real}:81` };
  await listen(82);
  await writes(
    service("10.0.1.201", real, [81, 82]),
    { facts: [{ kind: "real-server.down", ...about, reason: "refused", action: "removed" }] },
    { act: () => listen(81), facts: [{ kind: "real-server.up", ...about, weight: 1 }] },
  );
});
