/**
 * Beside a real 3.0.6, in both roles: ipfail when the owner's service link is gone, and auto_failback legacy.
 *
 * The real node runs the original's ipfail, ours has it built in.
 */
import { describe, expect, test } from "vitest";
import { peersImpossible } from "../lab/peer.js";
import { elapse, until } from "../lab/until.js";
import { watchOwnership } from "../netns/ownership-watch.js";
import { OTHER, PREFERRED, VIP, withMixed } from "./mixed-cluster.js";

const LIFE_MS = 900_000;
const media = "bcast hb1\n";
const authkeys = "auth 1\n1 sha1 laboratory-key\n";
const ORIGINAL_IPFAIL = "respawn hacluster /usr/libexec/heartbeat/ipfail\n";
/** The client, which both directors reach over the service LAN. */
const PING_NODE = "10.0.1.100";

describe.skipIf(peersImpossible("cluster") !== undefined).concurrent("beside a real heartbeat", () => {
  test.each([{ ours: PREFERRED }, { ours: OTHER }] as const)(
    "$ours ours: the owner's service link is cut, its heartbeat link is not: ipfail moves the VIP",
    async ({ ours }) => {
      const haCf = `ping ${PING_NODE}\n#% ipfail on\n`;
      await withMixed({ ours, media, authkeys, haCf, autoFailback: "off" }, async (mixed) => {
        mixed.put(mixed.real, "ha.cf", `${mixed.read(mixed.real, "ha.cf")}${ORIGINAL_IPFAIL}`);
        await mixed.startBoth();
        await mixed.settled(PREFERRED);
        const seen = async () => (await mixed.status())?.pings.some(({ state }) => state === "ping");
        await until("the ping node to answer", seen, { limitMs: 60_000, everyMs: 200 });
        await mixed.cluster.faults.cut(PREFERRED, ["pub"]);
        await mixed.ownedBy(OTHER);
        await mixed.cluster.faults.heal();
        await mixed.settled(OTHER);
        await elapse(5000);
        expect(mixed.owners()).toEqual([OTHER]);
      });
    },
    LIFE_MS,
  );

  test.each([{ ours: PREFERRED }, { ours: OTHER }] as const)(
    "$ours ours, auto_failback legacy: crash and clean stop of the preferred node, and its returns",
    async ({ ours }) => {
      await withMixed({ ours, media, authkeys, autoFailback: "legacy" }, async (mixed) => {
        await mixed.startBoth();
        await mixed.ownedBy(PREFERRED);
        await mixed.node(PREFERRED).kill();
        await mixed.ownedBy(OTHER);
        await mixed.reboot(PREFERRED);
        await mixed.ownedBy(PREFERRED);
        const watch = await watchOwnership(mixed.nodes, VIP);
        await mixed.stop(PREFERRED);
        await mixed.ownedBy(OTHER);
        await mixed.start(PREFERRED);
        await mixed.ownedBy(PREFERRED);
        await mixed.call(PREFERRED, "hb_standby", ["all"], false); // refused in this mode
        await elapse(3000);
        expect(mixed.owners()).toEqual([PREFERRED]);
        expect((await watch.stop()).twoOwners).toEqual([]);
      });
    },
    LIFE_MS,
  );
});
