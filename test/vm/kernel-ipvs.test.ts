/** @systole/kernel on real ip_vs, in the guest: the contract, and a table of everything as `ipvsadm -Sn` reads it back. */
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import {
  type BalancerChange,
  type Kernel,
  openKernel,
  type RealServer,
  type VirtualService,
} from "@systole/kernel";
import { contractCases } from "@systole/kernel/contract";
import { inNamespace } from "@systole/sys";
import { parseEndpoint } from "@systole/wire";
import { type Cluster, makeCluster } from "../lab/cluster.js";
import { ultraMonkey } from "../lab/topology.js";
import { elapse } from "../lab/until.js";
import { savedTable } from "./programs.js";

/** The emulated guest: what takes a moment elsewhere may take a second here. */
const SLOWER = 4;

let cluster: Cluster;
let kernel: Kernel;

before(async () => {
  cluster = await makeCluster({ topology: ultraMonkey({ directors: 1, reals: 0, heartbeats: 0 }) });
  const director = cluster.node("director1");
  kernel = await openKernel({
    dataPlane: "ip_vs",
    nftCommand: director.enter(["nft"]),
    within: (make) => inNamespace(`/proc/${director.pid}/ns/net`, make),
  });
});
after(async () => {
  await kernel.close();
  await cluster.close();
});

describe("contract on ip_vs", () => {
  for (const { part, name, run } of contractCases)
    test(`${part}: ${name}`, () => run({ kernel, device: "pub", elapse: (ms) => elapse(ms * SLOWER) }));
});

const service = (
  protocol: "tcp" | "udp" | "sctp",
  endpoint: string,
  more: Partial<VirtualService> = {},
): VirtualService => ({
  id: { kind: "address", protocol, ...parseEndpoint(endpoint)! }, // written out below, all valid
  scheduler: "rr",
  schedulerFlags: 0,
  persistence: undefined,
  persistenceEngine: undefined,
  onePacket: false,
  ...more,
});

const fwmark = (
  mark: number,
  family: "inet" | "inet6",
  more: Partial<VirtualService> = {},
): VirtualService => ({
  ...service("tcp", "0.0.0.0:0", more),
  id: { kind: "fwmark", fwmark: mark, family },
});

const real = (
  endpoint: string,
  forwarding: RealServer["forwarding"],
  weight = 1,
  more: Partial<RealServer> = {},
): RealServer => ({
  endpoint: parseEndpoint(endpoint)!, // written out below, all valid
  forwarding,
  weight,
  upperThreshold: 0,
  lowerThreshold: 0,
  ...more,
});

/** A service, its real servers, and what `ipvsadm -Sn` prints of them. */
interface Row {
  readonly service: VirtualService;
  readonly reals: readonly RealServer[];
  readonly lines: readonly string[];
}

const SCHEDULERS = ["rr", "wrr", "lc", "wlc", "lblc", "lblcr", "sh", "dh", "sed", "nq", "fo", "ovf", "mh"];

const everyScheduler: readonly Row[] = SCHEDULERS.map((scheduler, index) => ({
  service: service("tcp", `192.0.2.1:${8000 + index}`, { scheduler }),
  reals: [real(`10.0.0.11:${8000 + index}`, "gate", index)],
  lines: [
    `-A -t 192.0.2.1:${8000 + index} -s ${scheduler}`,
    `-a -t 192.0.2.1:${8000 + index} -r 10.0.0.11:${8000 + index} -g -w ${index}`,
  ],
}));

const everythingElse: readonly Row[] = [
  {
    service: service("tcp", "192.0.2.2:80"),
    reals: [
      real("10.0.0.11:80", "gate", 0),
      real("10.0.0.12:8080", "masq", 65535),
      real("10.0.0.13:80", "ipip", 7),
      real("10.0.0.14:80", "masq", 1, { upperThreshold: 1000, lowerThreshold: 800 }),
    ],
    lines: [
      "-A -t 192.0.2.2:80 -s rr",
      "-a -t 192.0.2.2:80 -r 10.0.0.11:80 -g -w 0",
      "-a -t 192.0.2.2:80 -r 10.0.0.12:8080 -m -w 65535",
      "-a -t 192.0.2.2:80 -r 10.0.0.13:80 -i -w 7 --tun-type ipip",
      "-a -t 192.0.2.2:80 -r 10.0.0.14:80 -m -w 1", // ipvsadm -S does not save thresholds: see below
    ],
  },
  {
    service: service("tcp", "192.0.2.3:443", { persistence: { timeoutSeconds: 600, prefixLength: 24 } }),
    reals: [real("10.0.0.11:443", "gate")],
    lines: [
      "-A -t 192.0.2.3:443 -s rr -p 600 -M 255.255.255.0",
      "-a -t 192.0.2.3:443 -r 10.0.0.11:443 -g -w 1",
    ],
  },
  {
    service: service("tcp", "192.0.2.3:0", { persistence: { timeoutSeconds: 300, prefixLength: 32 } }),
    reals: [real("10.0.0.11:0", "gate")],
    lines: ["-A -t 192.0.2.3:0 -s rr -p 300", "-a -t 192.0.2.3:0 -r 10.0.0.11:0 -g -w 1"],
  },
  {
    service: service("udp", "192.0.2.4:53", { onePacket: true }),
    reals: [real("10.0.0.11:53", "masq")],
    lines: ["-A -u 192.0.2.4:53 -s rr -o", "-a -u 192.0.2.4:53 -r 10.0.0.11:53 -m -w 1"],
  },
  {
    service: service("udp", "192.0.2.4:5060", {
      persistence: { timeoutSeconds: 60, prefixLength: 32 },
      persistenceEngine: "sip",
      onePacket: true,
    }),
    reals: [],
    lines: ["-A -u 192.0.2.4:5060 -s rr -p 60 --pe sip -o"],
  },
  {
    service: service("sctp", "192.0.2.5:2905", { scheduler: "wrr" }),
    reals: [real("10.0.0.11:2905", "masq", 3)],
    lines: [
      "-A --sctp-service 192.0.2.5:2905 -s wrr",
      "-a --sctp-service 192.0.2.5:2905 -r 10.0.0.11:2905 -m -w 3",
    ],
  },
  {
    service: service("tcp", "192.0.2.6:80", { scheduler: "sh", schedulerFlags: 3 }),
    reals: [],
    lines: ["-A -t 192.0.2.6:80 -s sh -b sh-fallback,sh-port"],
  },
  {
    service: service("tcp", "192.0.2.6:81", { scheduler: "mh", schedulerFlags: 2 }),
    reals: [],
    lines: ["-A -t 192.0.2.6:81 -s mh -b mh-port"],
  },
  {
    service: service("tcp", "[2001:db8::1]:80", { persistence: { timeoutSeconds: 90, prefixLength: 64 } }),
    reals: [real("[2001:db8:1::11]:80", "gate", 2), real("[2001:db8:1::12]:8080", "masq", 3)],
    lines: [
      "-A -t [2001:db8::1]:80 -s rr -p 90 -M 64",
      "-a -t [2001:db8::1]:80 -r [2001:db8:1::11]:80 -g -w 2",
      "-a -t [2001:db8::1]:80 -r [2001:db8:1::12]:8080 -m -w 3",
    ],
  },
  {
    service: service("tcp", "[2001:db8::2]:80", { scheduler: "wlc" }),
    reals: [real("[2001:db8:1::13]:80", "ipip", 4)],
    lines: [
      "-A -t [2001:db8::2]:80 -s wlc",
      "-a -t [2001:db8::2]:80 -r [2001:db8:1::13]:80 -i -w 4 --tun-type ipip",
    ],
  },
  {
    service: service("tcp", "192.0.2.8:80"),
    reals: [
      real("10.0.0.11:80", "ipip", 1, { tunnel: { type: "gue", port: 6080, flags: 0 } }),
      real("10.0.0.12:80", "ipip", 1, { tunnel: { type: "gre", port: 0, flags: 1 } }),
    ],
    lines: [
      "-A -t 192.0.2.8:80 -s rr",
      "-a -t 192.0.2.8:80 -r 10.0.0.11:80 -i -w 1 --tun-type gue --tun-port 6080 --tun-nocsum",
      "-a -t 192.0.2.8:80 -r 10.0.0.12:80 -i -w 1 --tun-type gre --tun-csum",
    ],
  },
  {
    service: fwmark(5, "inet", { scheduler: "wlc", persistence: { timeoutSeconds: 30, prefixLength: 16 } }),
    reals: [real("10.0.0.11:0", "gate", 9)],
    lines: ["-A -f 5 -s wlc -p 30 -M 255.255.0.0", "-a -f 5 -r 10.0.0.11:0 -g -w 9"],
  },
  {
    service: fwmark(6, "inet6"),
    reals: [real("[2001:db8:1::11]:0", "gate", 1)],
    lines: ["-A -f 6 -6 -s rr", "-a -f 6 -6 -r [2001:db8:1::11]:0 -g -w 1"],
  },
];

const toChanges = ({ service: each, reals }: Row): readonly BalancerChange[] => [
  { type: "add-service", service: each },
  ...reals.map((one) => ({ type: "add-real", id: each.id, real: one }) as const),
];

async function apply(changes: readonly BalancerChange[]): Promise<void> {
  for (const { error } of await kernel.balancer.apply(changes)) assert.ifError(error ?? null);
}

const saved = () => savedTable(cluster.node("director1"));

test("a table of every scheduler, forwarding method, family and option is what ipvsadm -Sn reads back", async () => {
  const rows = [...everyScheduler, ...everythingElse];
  await apply(rows.flatMap(toChanges));
  assert.deepEqual(await saved(), rows.flatMap(({ lines }) => lines).sort());
  const { stdout } = await cluster.node("director1").run(["ipvsadm", "-Ln", "--thresholds"]);
  assert.match(stdout, /-> 10\.0\.0\.14:80 +1000 +800 /);

  const read = await kernel.balancer.read();
  assert.equal(read.length, rows.length);
  const tunnels = read.flatMap(({ reals }) => reals.flatMap(({ tunnel }) => (tunnel ? [tunnel] : [])));
  assert.deepEqual(
    tunnels.sort((a, b) => a.port - b.port),
    [
      { type: "gre", port: 0, flags: 1 },
      { type: "gue", port: 6080, flags: 0 },
    ],
  );
  await apply(read.map(({ service: { id } }) => ({ type: "remove-service", id })));
  assert.deepEqual(await saved(), []);
});

test("what ipvsadm -R restores is read, and set again from what was read it is the same", async () => {
  const rows = [...everyScheduler, ...everythingElse];
  const lines = rows.flatMap((row) => row.lines);
  await cluster.node("director1").run(["ipvsadm", "-R"], { input: `${lines.join("\n")}\n` });
  const read = await kernel.balancer.read();
  await apply(read.map(({ service: { id } }) => ({ type: "remove-service", id })));
  await apply(
    read.flatMap(({ service: each, reals }) =>
      toChanges({ service: each, reals: reals.map(({ counters: _, ...one }) => one), lines: [] }),
    ),
  );
  assert.deepEqual(await saved(), [...lines].sort());
  await apply(read.map(({ service: { id } }) => ({ type: "remove-service", id })));
});

test("twos, where the kernel has it; else ENOENT", async () => {
  const twos = service("tcp", "192.0.2.7:80", { scheduler: "twos" });
  const [result] = await kernel.balancer.apply([{ type: "add-service", service: twos }]);
  if (result!.error === undefined) {
    assert.deepEqual(await saved(), ["-A -t 192.0.2.7:80 -s twos"]);
    await apply([{ type: "remove-service", id: twos.id }]);
  } else assert.match(result!.error.message, /^add virtual service tcp 192\.0\.2\.7:80: .*\(ENOENT\)$/);
});
