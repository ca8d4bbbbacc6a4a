/** Our calls of a fence device, carried out by the real `stonith` of cluster-glue with a plugin of ten lines. */
import { expect, test } from "vitest";
import type { FenceDevice } from "../../packages/heartbeat/src/config/ha-cf.types.js";
import { fenceCall, listCall } from "../../packages/heartbeat/src/shell/fencer.js";
import { withCluster } from "../lab/cluster.js";
import { peerOn } from "../lab/peer.js";
import { ultraMonkey } from "../lab/topology.js";

const PLUGIN = `#!/bin/sh
echo "$* host=$hostlist" >>/var/log/plugin
case $1 in
gethosts) echo "$hostlist" ;;
on|off|reset) test -e /var/lib/outlet-works ;;
status) exit 0 ;;
getconfignames) echo hostlist ;;
getinfo-devid|getinfo-devname|getinfo-devdescr|getinfo-devurl) echo laboratory ;;
getinfo-xml) echo '<parameters><parameter name="hostlist" unique="1" required="1"><content type="string"/></parameter></parameters>' ;;
*) exit 1 ;;
esac
`;

const device: FenceDevice = {
  type: "external/lab",
  parameters: { text: "director2" },
  at: { line: 1, column: 1, length: 1 },
};

test("status, a reset that fails and one that works; only the node that is meant", async () => {
  await withCluster(ultraMonkey({ directors: 1, reals: 0 }), async (cluster) => {
    const peer = await peerOn(cluster.node("director1"), "cluster");
    peer.put("/usr/lib/stonith/plugins/external/lab", PLUGIN, 0o755);
    const call = (node?: string) => {
      const { program, args } = fenceCall(device, node);
      return peer.run([program, ...args], { check: false });
    };
    expect((await call()).status).toBe(0);
    expect((await call("director2")).status).not.toBe(0);
    peer.put("/var/lib/outlet-works", "");
    expect((await call("director2")).status).toBe(0);
    // Status 0 for a node that the device does not have: so we ask for its list before.
    expect((await call("director9")).status).toBe(0);
    const { program, args } = listCall(device)!; // not a fence agent
    expect((await peer.run([program, ...args])).stdout).toBe("director2\n");
    expect(peer.read("/var/log/plugin")).toContain("reset director2 host=director2");
  });
});
