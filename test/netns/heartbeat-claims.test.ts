/** The heartbeat link is cut, the service LAN is not: two directors hear of one another's claims by ARP. */
import { openNetwork } from "@systole/kernel";
import { inNamespace } from "@systole/sys";
import { parseIp } from "@systole/wire";
import { expect, test } from "vitest";
import { longestOutageMs, monotonicMs, probeFrom } from "../lab/probe.js";
import { elapse, until } from "../lab/until.js";
import { VIP, withPair } from "./heartbeat-pair.js";

const TIMES = "keepalive 200ms\ndeadtime 1\nwarntime 500ms\ninitdead 5\n";

test("the preferred node keeps the VIP, the other lets go and waits as long as it answers", async () => {
  await withPair({ times: TIMES }, async (pair) => {
    const [first, second] = pair.nodes;
    await until("both to be well", () => pair.isWell(), { everyMs: 50 });
    await pair.cluster.faults.cut(second.name, ["hb1"]);
    const saw = (text: string) => () => second.log("heartbeat").includes(text);
    await until("the other to call it dead", saw("node director1: is dead"));
    await until("the other to let go", saw("director1 answers for 10.0.1.200 and comes first"));
    await until("one owner", () => pair.owners().join() === first.name, { everyMs: 10 });
    await elapse(3000);
    expect(pair.owners()).toEqual([first.name]);

    const client = await probeFrom(pair.cluster.node("client"), VIP);
    await elapse(300);
    const at = monotonicMs();
    await first.kill();
    await pair.ownedBy(second.name);
    await elapse(500);
    expect(longestOutageMs(await client.stop(), at)).toBeLessThan(6000);
  });
});

test("a stranger answers for the VIP: nobody lets go, and its MAC address is told", async () => {
  await withPair({ times: TIMES }, async (pair) => {
    const client = pair.cluster.node("client");
    const stranger = await openNetwork({ within: (make) => inNamespace(`/proc/${client.pid}/ns/net`, make) });
    const { mac } = (await stranger.links.list()).find(({ name }) => name === "pub")!; // it is on that network
    await stranger.announcer.announce(parseIp(VIP)!, "pub");
    await stranger.close();
    const told = `${mac} answers for ${VIP}`;
    await until("the owner to tell", () => pair.nodes[0].log("heartbeat").includes(told), {
      limitMs: 10_000,
    });
    expect(pair.owners()).toEqual(["director1"]);
  });
});
