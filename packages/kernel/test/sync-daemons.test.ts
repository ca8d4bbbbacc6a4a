/** The kernel's sync daemons over a played kernel. */
import {
  CTRL_ATTR_FAMILY_ID,
  decodeSyncDaemon,
  encodeGeneric,
  encodeSyncDaemon,
  GENL_ID_CTRL,
  IPVS_CMD_DEL_DAEMON,
  IPVS_CMD_GET_DAEMON,
  IPVS_CMD_NEW_DAEMON,
  NetlinkConnection,
  type SyncDaemon,
} from "@systole/node-netlink";
import { type FakeAnswer, fakeSocket } from "@systole/node-netlink/fake";
import { expect, test } from "vitest";
import { describeSyncDaemon, openSyncDaemons } from "../src/sync-daemons.js";

const FAMILY = 32;

/** A kernel that runs at most one daemon of each kind, and knows the interface eth1 only. */
function kernel(says: string[]) {
  const running = new Map<string, SyncDaemon>();
  const answer = (payload: Uint8Array): FakeAnswer => {
    switch (payload[0]) {
      case IPVS_CMD_GET_DAEMON: {
        const entries = [...running.values()].map((daemon) => ({
          type: FAMILY,
          payload: encodeSyncDaemon(IPVS_CMD_NEW_DAEMON, { ...daemon, maxLength: 1472, port: 8848, ttl: 1 }),
        }));
        return { entries };
      }
      case IPVS_CMD_NEW_DAEMON: {
        const daemon = decodeSyncDaemon(payload);
        if (running.has(daemon.state)) return { error: "EEXIST" };
        if (daemon.interface !== "eth1") return { error: "ENODEV" };
        running.set(daemon.state, daemon);
        says.push(`start ${daemon.state} ${daemon.syncId}`);
        return {};
      }
      case IPVS_CMD_DEL_DAEMON: {
        const { state } = decodeSyncDaemon(payload);
        if (!running.delete(state)) return { error: "ESRCH" };
        says.push(`stop ${state}`);
        return {};
      }
      default:
        return { error: "EOPNOTSUPP" };
    }
  };
  const reply = encodeGeneric(1, 1, (attributes) => attributes.u16host(CTRL_ATTR_FAMILY_ID, FAMILY));
  return new NetlinkConnection(
    fakeSocket(({ type, payload }) =>
      type === GENL_ID_CTRL ? { entries: [{ type, payload: reply }] } : answer(payload),
    ),
  );
}

const daemon = (state: "master" | "backup", syncId: number, device = "eth1"): SyncDaemon => ({
  state,
  interface: device,
  syncId,
});

test("both run at once; starting again changes nothing, another number replaces", async () => {
  const says: string[] = [];
  const daemons = await openSyncDaemons(kernel(says));
  expect(await daemons.start(daemon("master", 1))).toBe(true);
  expect(await daemons.start(daemon("backup", 2))).toBe(true);
  expect(await daemons.start(daemon("master", 1))).toBe(false);
  expect(await daemons.start(daemon("master", 3))).toBe(true);
  expect(says).toEqual(["start master 1", "start backup 2", "stop master", "start master 3"]);
  expect((await daemons.list()).map(describeSyncDaemon)).toEqual([
    "backup sync daemon (mcast=eth1, syncid=2, maxlen=1472, port=8848, ttl=1)",
    "master sync daemon (mcast=eth1, syncid=3, maxlen=1472, port=8848, ttl=1)",
  ]);
});

test("a swap stops the other kind first; stopping what does not run is no error", async () => {
  const says: string[] = [];
  const daemons = await openSyncDaemons(kernel(says));
  await daemons.start(daemon("backup", 7));
  expect(await daemons.swap(daemon("master", 7))).toBe(true);
  expect(await daemons.swap(daemon("master", 7))).toBe(false);
  expect(await daemons.stop("backup")).toBe(false);
  expect(says).toEqual(["start backup 7", "stop backup", "start master 7"]);
});

test("an unknown interface is refused with the kernel's code", async () => {
  const daemons = await openSyncDaemons(kernel([]));
  await expect(daemons.start(daemon("master", 0, "eth9"))).rejects.toMatchObject({ code: "ENODEV" });
});
