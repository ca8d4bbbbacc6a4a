/** The sockets of one kernel: made in its network namespace, closed together. */
import { NetlinkConnection, type NetlinkSocket } from "@systole/node-netlink";
import { type NetlinkOptions, openNetlink } from "@systole/sys";

/** Runs `make` where the kernel's sockets belong: at once, or in another network namespace. */
export type Within = <T>(make: () => T) => T;

/** rtnetlink events are rare, but a router may send thousands at once. */
export const ROUTE_EVENT_BUFFER_BYTES = 4 * 1024 * 1024;

export interface Sockets {
  readonly within: Within;
  /** For requests. */
  connect(protocol: number): NetlinkConnection;
  /** For events; whoever listens closes it. */
  events(options: NetlinkOptions): NetlinkSocket;
  close(): void;
}

export function openSockets(within: Within): Sockets {
  const connections: NetlinkConnection[] = [];
  return {
    within,
    connect(protocol) {
      const connection = new NetlinkConnection(within(() => openNetlink({ protocol })));
      connections.push(connection);
      return connection;
    },
    events: (options) => within(() => openNetlink(options)),
    close() {
      for (const connection of connections) connection.close();
    },
  };
}
