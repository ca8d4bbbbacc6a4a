/** Two heartbeats with nothing but a serial cable between them, and noise on it. */
import { expect, test } from "vitest";
import { withCluster } from "../lab/cluster.js";
import { start } from "../lab/process.js";
import { ultraMonkey } from "../lab/topology.js";
import { until } from "../lab/until.js";
import { Pair } from "./heartbeat-pair.js";

test("a serial cable is medium enough: hand-over, death and takeover", async () => {
  const cable = await start([process.execPath, new URL("serial-cable.mjs", import.meta.url).pathname]);
  try {
    const ends = await until("the cable", () => cable.lines[0]?.split(" "));
    await withCluster(ultraMonkey({ directors: 2, reals: 0, heartbeats: 1 }), async (cluster) => {
      const pair = new Pair(cluster);
      pair.configure({});
      for (const [index, node] of pair.nodes.entries()) {
        const haCf = node.read("/etc/ha.d/ha.cf").replace("bcast hb1", `baud 115200\nserial ${ends[index]}`);
        node.put("/etc/ha.d/ha.cf", haCf);
        await pair.start(node);
      }
      await pair.ownedBy("director1", 30_000);
      const [first, second] = pair.nodes;
      const link = await pair.call(second, "cl_status", ["hblinkstatus", "director1", ends[1] ?? ""]);
      expect(link.stdout).toBe("up\n");
      await pair.call(first, "hb_standby", ["local"]);
      await pair.ownedBy("director2", 30_000);
      await pair.call(first, "hb_takeover", ["local"]);
      await pair.ownedBy("director1", 30_000);
      await first.kill();
      await pair.ownedBy("director2", 30_000);
    });
  } finally {
    await cable.stop();
  }
}, 120_000);
