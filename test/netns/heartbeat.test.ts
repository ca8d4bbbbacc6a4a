/** Two real heartbeats in namespaces: how a VIP moves, and how it does not. */
import { controlClient } from "@systole/daemon";
import { describe, expect, test } from "vitest";
import { longestOutageMs, monotonicMs, probeFrom } from "../lab/probe.js";
import { elapse, until } from "../lab/until.js";
import { VIP, withPair } from "./heartbeat-pair.js";
import { watchOwnership } from "./ownership-watch.js";

/** As in heartbeat-pair.ts. */
const DEADTIME_MS = 3000;

describe("the VIP", () => {
  test("is on its preferred node after a cold start, announced and leased", async () => {
    await withPair({}, async ({ nodes: [first] }) => {
      const { stdout } = await first.run(["ip", "-o", "address", "show", "dev", "pub"]);
      expect(stdout).toMatch(new RegExp(`${VIP}/24 scope global .*valid_lft [12]sec`));
    });
  });

  test("moves after a power failure, one deadtime after the last heartbeat", async () => {
    await withPair({}, async (pair) => {
      const [first, second] = pair.nodes;
      const since = performance.now();
      await first.kill();
      await pair.ownedBy("director2");
      const outage = performance.now() - since;
      expect(outage).toBeGreaterThan(DEADTIME_MS - 1000);
      expect(outage).toBeLessThan(2 * DEADTIME_MS);
      expect((await pair.call(second, "cl_status", ["rscstatus"])).stdout).toBe("all\n");
      expect((await pair.call(second, "cl_status", ["nodestatus", "director1"], false)).status).toBe(1);
    });
  });

  test("moves by hb_standby and comes back by hb_takeover, with an outage far below a keepalive", async () => {
    await withPair({}, async (pair) => {
      const [first] = pair.nodes;
      const watch = await watchOwnership(pair.nodes, VIP);
      await pair.call(first, "hb_standby", ["local"]);
      await pair.ownedBy("director2");
      await elapse(1000);
      await pair.call(first, "hb_takeover", ["local"]);
      await pair.ownedBy("director1");
      const { twoOwners, longestGapMs } = await watch.stop();
      expect(twoOwners).toEqual([]);
      expect(longestGapMs).toBeLessThan(300);
    });
  });

  test("moves by a command that a script writes into the FIFO; nonsense there is told and harms nobody", async () => {
    await withPair({}, async (pair) => {
      const [first] = pair.nodes;
      const fifo = "/var/lib/heartbeat/fifo";
      await first.sh(`printf 'nonsense\\n<<<\\n' > ${fifo}`);
      await until("the nonsense to be told", () =>
        first.log("heartbeat").includes(`${fifo}: heartbeat datagram: needs`),
      );
      await first.sh(`printf '>>>\\nt=ask_resources\\nrsc_hold=all\\ninfo=me\\n<<<\\n' > ${fifo}`);
      await pair.ownedBy("director2", 1000);
      expect((await first.run(["stat", "-c", "%a %F", fifo])).stdout).toBe("600 fifo\n");
    });
  });

  test("moves at once when heartbeat is stopped in order", async () => {
    await withPair({}, async (pair) => {
      const [first] = pair.nodes;
      const watch = await watchOwnership(pair.nodes, VIP);
      const stopped = await pair.call(first, "heartbeat", ["-k"]);
      await pair.ownedBy("director2", 1000);
      const { twoOwners, longestGapMs } = await watch.stop();
      expect(stopped.status).toBe(0);
      expect(twoOwners).toEqual([]);
      expect(longestGapMs).toBeLessThan(500);
      expect((await pair.call(first, "heartbeat", ["-s"], false)).status).toBe(3);
      expect((await pair.call(first, "cl_status", ["hbstatus"], false)).stdout).toBe(
        "Heartbeat is stopped on this machine.\n",
      );
    });
  });

  test("stays on a node that is restarted on purpose, although its lease is shorter than a start", async () => {
    await withPair({ times: "keepalive 200ms\ndeadtime 1\nwarntime 500ms\ninitdead 30\n" }, async (pair) => {
      const [first, second] = pair.nodes;
      await until("both to be well", () => pair.isWell(), { everyMs: 50 });
      const watch = await watchOwnership(pair.nodes, VIP);
      const client = await probeFrom(pair.cluster.node("client"), VIP);
      const generation = (await pair.status(first))?.generation;
      const at = monotonicMs();
      expect(
        await controlClient(first.path("/run/systole/heartbeat/control")).call("restart", { next: "caller" }),
      ).toMatch(/VIPs wait/);
      await until("the process to end", async () => (await pair.status(first)) === undefined, { everyMs: 5 });
      await elapse(1500); // longer than the deadtime and the lease
      await pair.start(first, "second-life");
      await until("both to be well again", () => pair.isWell(), { limitMs: 90_000, everyMs: 50 });
      const { twoOwners, longestGapMs } = await watch.stop();
      expect([twoOwners, longestGapMs]).toEqual([[], 0]);
      expect(longestOutageMs(await client.stop(), at)).toBeLessThan(1500); // less than it was gone
      expect(pair.owners()).toEqual(["director1"]);
      expect((await pair.status(first))?.generation).toBe((generation ?? 0) + 1);
      expect(second.log("heartbeat")).not.toContain("is dead");
    });
  }, 240_000);

  test("stays on a node whose heartbeat is killed right after its takeover and comes back within its lease", async () => {
    // A busy machine may take many seconds for a start.
    const times = "keepalive 500ms\ndeadtime 25\nwarntime 2\ninitdead 25\n";
    await withPair({ times }, async (pair) => {
      const [first] = pair.nodes;
      const watch = await watchOwnership(pair.nodes, VIP);
      pair.signal(first, "SIGKILL");
      await pair.start(first, "second-life");
      await until(
        "the second life to own it",
        async () => (await pair.call(first, "cl_status", ["rscstatus"], false)).stdout === "local\n",
        { limitMs: 40_000 },
      );
      await elapse(3000);
      const { twoOwners, longestGapMs } = await watch.stop();
      expect([twoOwners, longestGapMs]).toEqual([[], 0]);
      expect(pair.owners()).toEqual(["director1"]);
    });
  }, 120_000);

  test("may be an IPv6 address, beside an IPv4 one with an alias label", async () => {
    const vip6 = "fd00:1::200";
    const resources = `IPaddr2::${vip6}/64/pub ${VIP}`;
    await withPair({ resources }, async (pair) => {
      const [first] = pair.nodes;
      expect(pair.owners(vip6)).toEqual(["director1"]);
      const { stdout } = await first.run(["ip", "-o", "address", "show", "dev", "pub"]);
      expect(stdout).toMatch(new RegExp(`${VIP}/24 brd 10.0.1.255 .* pub:0.*valid_lft [12]sec`));
      expect(stdout).toMatch(new RegExp(`${vip6}/64 .*valid_lft [12]sec`));
      await pair.call(first, "hb_standby");
      await pair.ownedBy("director2");
      expect(pair.owners(vip6)).toEqual(["director2"]);
    });
  });

  test("of a group whose last resource does not start here is taken by the other node", async () => {
    const resources = `IPaddr2::${VIP}/24/pub picky`;
    await withPair(
      {
        resources,
        script: { picky: 'test "$1" = status -o "$1" = stop -o "$(uname -n)" = director2' },
        owner: "director2",
      },
      async (pair) => {
        expect(pair.owners()).toEqual(["director2"]);
      },
    );
  });
});

describe("the media", () => {
  test.each([
    { media: "ucast hb1 10.0.3.1\nucast hb1 10.0.3.2\n" },
    { media: "mcast hb1 239.0.0.42 694 1 0\n" },
    { media: "ucast6 hb1 fd00:3::1\nucast6 hb1 fd00:3::2\n" },
    { media: "mcast6 hb1 ff02::42 694 1 0\n" },
    { media: "bcast pub hb1\n" },
  ])("$media", async ({ media }) => {
    await withPair({ media }, async (pair) => {
      const [first] = pair.nodes;
      expect((await pair.call(first, "cl_status", ["nodestatus", "director2"])).stdout).toBe("active\n");
      expect((await pair.call(first, "cl_status", ["hblinkstatus", "director2", "hb1"])).stdout).toBe("up\n");
    });
  });

  test("one of two may be cut: nothing moves; cl_status tells which", async () => {
    await withPair({ media: "bcast hb1 hb2\n", heartbeats: 2 }, async (pair) => {
      const [first] = pair.nodes;
      await pair.cluster.faults.cut("director1", ["hb1"]);
      await elapse(DEADTIME_MS + 1000);
      expect(pair.owners()).toEqual(["director1"]);
      const links = (await pair.call(first, "cl_status", ["listhblinks", "-v", "director2"])).stdout;
      expect(links).toBe("\thb1\tdead\n\thb2\tup\n");
    });
  });

  test("a device that vanishes and comes back is used again", async () => {
    const make = (host: number) =>
      `ip link add hbx link hb2 type macvlan mode bridge && ip address add 10.0.9.${host}/24 brd + dev hbx && ip link set hbx up`;
    await withPair(
      { media: "bcast hb1 hbx\n", heartbeats: 2, before: (node, host) => node.sh(make(host)) },
      async (pair) => {
        const [first, second] = pair.nodes;
        const link = async () =>
          (await pair.call(first, "cl_status", ["hblinkstatus", "director2", "hbx"], false)).stdout;
        expect(await link()).toBe("up\n");
        await second.run(["ip", "link", "delete", "hbx"]);
        await until("the link to be dead", async () => (await link()) === "dead\n");
        await second.sh(make(2));
        await until("the link to be up again", async () => (await link()) === "up\n");
        expect(pair.owners()).toEqual(["director1"]);
      },
    );
  });
});

test("ping nodes are alive while they answer, IPv4, IPv6 and in groups; one that never did is dead", async () => {
  const haCf =
    "ping 10.0.1.100\nping6 fd00:1::100\nping_group routers 10.0.1.99 10.0.1.100\nping 10.0.1.98\ndeadping 2\n";
  await withPair({ haCf }, async (pair) => {
    const [first] = pair.nodes;
    const pings = async () =>
      (await pair.status(first))?.pings.map(({ node, state }) => `${node} ${state}`).join(", ");
    const others = (state: string) =>
      `10.0.1.100 ${state}, fd00:1::100 ${state}, routers ${state}, 10.0.1.98 dead`;
    await until("all but one to answer", async () => (await pings()) === others("ping"));
    await pair.cluster.node("client").kill();
    await until("all to be dead", async () => (await pings()) === others("dead"));
    expect(pair.owners()).toEqual(["director1"]);
  });
});

describe("the configuration", () => {
  test("that is broken is refused as a whole, every mistake told, and the running one stays", async () => {
    await withPair({}, async (pair) => {
      const [first] = pair.nodes;
      first.put("/etc/ha.d/ha.cf", `${first.read("/etc/ha.d/ha.cf")}keepalive 2sec\ndeadtyme 9\n`);
      const refused = await pair.call(first, "heartbeat", ["-r"], false);
      expect(refused.status).toBe(6);
      expect(refused.stderr).toContain('/etc/ha.d/ha.cf:9:11: error: keepalive: "2sec" is not a duration');
      expect(refused.stderr).toContain("did you mean deadtime?");
      pair.signal(first, "SIGHUP");
      await until("the daemon to refuse it, too", () => first.log("heartbeat").includes("stays as it was"));
      await elapse(DEADTIME_MS + 500);
      expect(pair.owners()).toEqual(["director1"]);
      expect((await pair.call(first, "cl_status", ["hbparameter", "-p", "keepalive"])).stdout).toBe(
        "500ms\n",
      );
    });
  });

  test("that adds an address to a held group starts it, and a removed one goes", async () => {
    await withPair({}, async (pair) => {
      const [first] = pair.nodes;
      const extra = "10.0.1.201";
      const line = (more: string) => `director1 IPaddr2::${VIP}/24/pub${more}\n`;
      for (const node of pair.nodes) node.put("/etc/ha.d/haresources", line(` IPaddr2::${extra}/24/pub`));
      for (const node of pair.nodes) expect((await pair.call(node, "heartbeat", ["-r"])).status).toBe(0);
      await until("the new address", () => pair.owners(extra).join() === "director1");
      for (const node of pair.nodes) node.put("/etc/ha.d/haresources", line(""));
      for (const node of pair.nodes) await pair.call(node, "heartbeat", ["-r"]);
      await until("it to go again", () => pair.owners(extra).length === 0);
      await elapse(1000);
      expect([pair.owners(), pair.owners(extra)]).toEqual([["director1"], []]);
      expect(first.log("heartbeat")).toContain("the new configuration is in force");
    });
  });
});

test("heartbeat without options starts in the background; -s tells, a second start does nothing", async () => {
  await withPair({}, async (pair) => {
    const [first] = pair.nodes;
    await pair.call(first, "heartbeat", ["-k"]);
    expect((await pair.call(first, "heartbeat")).status).toBe(0);
    const status = await pair.call(first, "heartbeat", ["-s"]);
    expect(status.stdout).toMatch(
      /^heartbeat OK \[pid \d+ et al\] is running on director1 \[director1\]\.\.\.\n$/,
    );
    // As the original: what ha.cf is complained of comes first.
    expect((await pair.call(first, "heartbeat")).stderr).toMatch(
      /^info: heartbeat: already running \[pid \d+\]\.\n$/m,
    );
    expect(first.read("/run/heartbeat.pid")).toMatch(/^ {5,}\d+\n$/);
    await pair.call(first, "heartbeat", ["-k"]);
  });
});
