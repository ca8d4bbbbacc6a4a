import { NETLINK_ROUTE, openNetlink, SystemError } from "@systole/sys";
import { expect, test } from "vitest";

/** RTM_GETLINK as a dump, sequence 7: nlmsghdr and an empty ifinfomsg. */
function dumpLinks(portId: number): Uint8Array {
  const message = new Uint8Array(32);
  const view = new DataView(message.buffer);
  view.setUint32(0, 32, true);
  view.setUint16(4, 18, true);
  view.setUint16(6, 0x301, true);
  view.setUint32(8, 7, true);
  view.setUint32(12, portId, true);
  return message;
}

const NLMSG_DONE = 3;

/** The types of all messages of one datagram. */
function typesOf(datagram: Uint8Array): number[] {
  const view = new DataView(datagram.buffer, datagram.byteOffset, datagram.byteLength);
  const types: number[] = [];
  for (let at = 0; at + 16 <= datagram.length; at += (view.getUint32(at, true) + 3) & ~3) {
    types.push(view.getUint16(at + 4, true));
  }
  return types;
}

test("the kernel answers a dump of links, in order, up to its end", async () => {
  const socket = openNetlink({ protocol: NETLINK_ROUTE, receiveBufferBytes: 1 << 20 });
  expect(socket.portId).toBeGreaterThan(0);
  const types = await new Promise<number[]>((resolve, reject) => {
    const seen: number[] = [];
    socket.listen(
      (datagram) => {
        seen.push(...typesOf(datagram));
        if (seen.at(-1) === NLMSG_DONE) resolve(seen);
      },
      () => reject(new Error("overrun")),
    );
    expect(socket.send(dumpLinks(socket.portId))).toBe(0);
  });
  socket.close();
  expect(types[0]).toBe(16); // RTM_NEWLINK: there is always lo
  expect(types.at(-1)).toBe(NLMSG_DONE);
});

test("a closed socket answers EBADF and may be closed again", () => {
  const socket = openNetlink({ protocol: NETLINK_ROUTE });
  socket.close();
  socket.close();
  expect(socket.send(new Uint8Array(16))).toBe(-9);
});

test("an unknown protocol is an error with operation and name", () => {
  expect(() => openNetlink({ protocol: 31 })).toThrow(SystemError);
  expect(() => openNetlink({ protocol: 31 })).toThrow(/^open netlink: .*\(EPROTONOSUPPORT\)$/);
});
