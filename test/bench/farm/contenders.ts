/** The three programs that check the same farm: a check a second, a limit of a second, weight 0 for who fails. */
import { readFileSync } from "node:fs";
import type { LabNode } from "../../lab/node.js";
import { type Peer, peerOn } from "../../lab/peer.js";

export interface Contender {
  readonly name: string;
  /** Starts it on the director. @returns its process id, as this machine numbers it */
  start(director: LabNode, reals: readonly string[], changes: string): Promise<number>;
}

const PER_SERVICE = 10;

function services(reals: readonly string[]): { readonly vip: string; readonly reals: readonly string[] }[] {
  return Array.from({ length: Math.ceil(reals.length / PER_SERVICE) }, (_, index) => ({
    vip: `10.8.${index >> 8}.${index & 255}`,
    reals: reals.slice(index * PER_SERVICE, (index + 1) * PER_SERVICE),
  }));
}

const ldirectordCf = (reals: readonly string[]): string =>
  [
    'checkinterval=1\nchecktimeout=1\nnegotiatetimeout=1\nquiescent=yes\nlogfile="/var/log/bench.log"',
    ...services(reals).map(
      ({ vip, reals: own }) =>
        `virtual=${vip}:80\n${own.map((real) => `\treal=${real}:80 masq\n`).join("")}\tservice=http\n\trequest="/check"\n\tscheduler=rr`,
    ),
    "",
  ].join("\n");

const keepalivedConf = (reals: readonly string[]): string =>
  services(reals)
    .map(({ vip, reals: own }) => {
      const servers = own.map(
        (real) => `  real_server ${real} 80 {
    weight 1
    inhibit_on_failure
    HTTP_GET {
      url {
        path /check
        status_code 200
      }
      connect_timeout 1
      retry 0
      delay_before_retry 0
    }
  }`,
      );
      return `virtual_server ${vip} 80 {\n  delay_loop 1\n  lb_algo rr\n  lb_kind NAT\n  protocol TCP\n${servers.join("\n")}\n}\n`;
    })
    .join("");

/** What the packages' unit says to Node.js. */
function unitOptions(): readonly string[] {
  const unit = readFileSync("systemd/ldirectord.service", "utf8");
  const options = /^ExecStart=\S+systole-node (.*?)\S+\.mjs/m.exec(unit)?.[1];
  if (options === undefined) throw new Error("bench: no ExecStart in systemd/ldirectord.service");
  return options.split(" ").filter((word) => word !== "");
}

/** @param bundle ours.ts as one file, as the packages install a daemon */
export const ours = (bundle: string): Contender => ({
  name: "ours",
  async start(director, reals, changes) {
    director.put("/etc/ha.d/bench.cf", ldirectordCf(reals));
    return director.daemon("ours", [process.execPath, ...unitOptions(), bundle, "/etc/ha.d/bench.cf"], {
      IPVS_CHANGES: changes,
    });
  },
});

/** @param standIn the shared object that says yes where the kernel has no ip_vs */
export const keepalived = (standIn: string): Contender => ({
  name: "keepalived",
  async start(director, reals, changes) {
    const peer: Peer = await peerOn(director, "cluster");
    peer.put("/etc/keepalived/bench.conf", keepalivedConf(reals));
    const inside = ["env", `LD_PRELOAD=${standIn}`, `IPVS_CHANGES=${changes}`];
    const program = [
      "keepalived",
      "--check",
      "--dont-fork",
      "--log-console",
      "--use-file",
      "/etc/keepalived/bench.conf",
    ];
    return peer.daemon("keepalived", [...inside, ...program]);
  },
});

/** @param standIn a program that does as ipvsadm does */
export const original = (standIn: string): Contender => ({
  name: "ldirectord 4.12",
  async start(director, reals, changes) {
    const peer: Peer = await peerOn(director, "cluster");
    peer.put("/usr/sbin/ipvsadm", readFileSync(standIn), 0o755);
    await peer.sh("rm -f /sbin/ipvsadm.table; test -x /sbin/ipvsadm");
    peer.put("/etc/ha.d/bench.cf", `supervised=yes\n${ldirectordCf(reals)}`);
    const inside = ["env", "IPVS_TABLE=/run/ipvs-table", `IPVS_CHANGES=${changes}`];
    return peer.daemon("ldirectord", [...inside, "ldirectord", "/etc/ha.d/bench.cf", "start"]);
  },
});
