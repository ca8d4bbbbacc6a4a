/** Connections of the runner that end at virtual servers; every step is one turn of the fake clock. */

import type { FakeClock } from "@systole/machine/fake";
import { formatEndpoint, parseIp } from "@systole/wire";
import type { Doors } from "../src/checks/runner.js";
import { DATA_PORT, type ServerSpec, sessionOf } from "./virtual-servers.js";

/** @param spoken hears what the client says, with the place it says it to */
export function virtualDoor(
  clock: FakeClock,
  servers: ReadonlyMap<string, ServerSpec>,
  spoken: (place: string, bytes: string) => void,
): Doors["open"] {
  const data = new Map<string, (bytes: string) => void>();
  return ({ host, port, transport, tls }, events) => {
    const address = parseIp(host);
    const place = `${address === undefined ? `${host}:${port}` : formatEndpoint({ address, port })}${transport === "udp" ? "/udp" : ""}`;
    let closed = false;
    const later = (run: () => void) =>
      clock.arrive(() => {
        if (!closed) run();
      });
    const close = () => {
      closed = true;
    };
    const connection = { say: (_: string) => {}, finish() {}, close };
    if (port === DATA_PORT) {
      data.set(host, (bytes) => later(() => [events.heard(bytes), later(() => events.ended())]));
      return connection;
    }
    const spec = servers.get(place);
    if (spec === undefined || spec.kind === "down") {
      later(() => events.failed(`${place} refused the connection`, false));
      return connection;
    }
    if (spec.kind === "drop") return connection;
    if (tls !== undefined && spec.tls !== true) {
      later(() => events.failed(`${place}: TLS: wrong version number`, false));
      return connection;
    }
    const session = sessionOf(spec);
    const answer = (bytes: string | undefined) => {
      if (bytes !== undefined) later(() => events.heard(bytes));
    };
    later(() => events.open({ address: () => "192.0.2.1", port: () => 50_000 }));
    answer(session.greet());
    return {
      say(bytes) {
        spoken(place, bytes);
        later(() => {
          const reply = session.hear(bytes);
          answer(reply?.say);
          if (reply?.data !== undefined) data.get(host)?.(reply.data);
          if (reply?.close === true) later(() => events.ended());
        });
      },
      finish: () => later(() => [answer(session.end()), later(() => events.ended())]),
      close,
    };
  };
}
