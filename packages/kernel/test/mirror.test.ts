/** The mirror of a kernel table: what is told, and when, whatever the order of dump and events. */
import {
  decodeLink,
  encodeLink,
  encodeMessage,
  type LinkRecord,
  RTM_DELLINK,
  RTM_NEWLINK,
} from "@systole/node-netlink";
import { fakeSocket } from "@systole/node-netlink/fake";
import { expect, test } from "vitest";
import { openMirror } from "../src/linux/mirror.js";

const link = (index: number, flags: number): LinkRecord => ({ index, name: `eth${index}`, flags });

async function mirrored(table: { current: readonly LinkRecord[] }) {
  const socket = fakeSocket(() => undefined);
  const mirror = await openMirror<LinkRecord>({
    socket,
    dump: async () => table.current,
    decode: ({ type, payload }) => ({ entry: decodeLink(payload), gone: type === RTM_DELLINK }),
    key: ({ index }) => String(index),
    same: (a, b) => a.flags === b.flags,
  });
  const told: string[] = [];
  const stop = mirror.watch(({ name, flags }, gone) => told.push(gone ? `${name} gone` : `${name} ${flags}`));
  const event = (type: number, record: LinkRecord) =>
    socket.emit(encodeMessage({ type, flags: 0, sequence: 0, portId: 0, payload: encodeLink(record) }));
  return { socket, mirror, told, stop, event };
}

test("what was there at the start is not told; news are told once", async () => {
  const { told, event, mirror } = await mirrored({ current: [link(1, 1)] });
  event(RTM_NEWLINK, link(1, 1));
  event(RTM_NEWLINK, link(1, 0));
  event(RTM_NEWLINK, link(2, 1));
  event(RTM_NEWLINK, link(2, 1));
  event(RTM_DELLINK, link(1, 0));
  event(RTM_DELLINK, link(1, 0));
  expect(told).toEqual(["eth1 0", "eth2 1", "eth1 gone"]);
  expect(mirror.entries().map(({ name }) => name)).toEqual(["eth2"]);
});

test("after an overrun the difference is told", async () => {
  const table = { current: [link(1, 1), link(2, 1)] };
  const { told, socket } = await mirrored(table);
  table.current = [link(2, 0), link(3, 1)];
  socket.overrun();
  await new Promise(setImmediate);
  expect(told.sort()).toEqual(["eth1 gone", "eth2 0", "eth3 1"]);
});

test("an event during the dump is newer than the dump", async () => {
  const table = { current: [link(1, 1)] };
  const { told, socket, event, mirror } = await mirrored(table);
  socket.overrun();
  event(RTM_DELLINK, link(1, 1));
  await new Promise(setImmediate);
  expect(told).toEqual(["eth1 gone"]);
  expect(mirror.entries()).toEqual([]);
});

test("who stops listening hears no more; a closed mirror closes its socket", async () => {
  const { told, socket, stop, event, mirror } = await mirrored({ current: [] });
  stop();
  event(RTM_NEWLINK, link(1, 1));
  expect(told).toEqual([]);
  mirror.close();
  expect(socket.closed).toBe(true);
});
