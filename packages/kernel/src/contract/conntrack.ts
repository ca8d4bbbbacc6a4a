import assert from "node:assert/strict";
import type { Flow, Tuple } from "@systole/node-netlink";
import { parseIp } from "@systole/wire";
import type { FlowEvent } from "../conntrack.js";
import { type ContractCase, comes, type Place, refuses } from "./case.js";

/** IPS_SEEN_REPLY, IPS_ASSURED, IPS_CONFIRMED. */
const ESTABLISHED_STATUS = 0x0e;

function tuple(from: string, fromPort: number, to: string, toPort: number): Tuple {
  const [source, destination] = [parseIp(from)!, parseIp(to)!]; // written out below, all valid
  return { source, destination, protocol: 6, sourcePort: fromPort, destinationPort: toPort };
}

/** An established TCP connection from a client through the VIP 192.0.2.10:80 to the real server. */
function connection(port: number, more: Partial<Flow> = {}): Flow {
  return {
    original: tuple("203.0.113.5", port, "192.0.2.10", 80),
    reply: tuple("10.0.0.11", 8080, "203.0.113.5", port),
    status: ESTABLISHED_STATUS,
    timeoutSeconds: 300,
    mark: 7,
    tcp: { state: 3, windowScale: { original: 7, reply: 7 } },
    ...more,
  };
}

async function find({ kernel }: Place, port: number): Promise<Flow | undefined> {
  return (await kernel.conntrack.dump()).find(({ original }) => original.sourcePort === port);
}

function conntrackCase(name: string, run: (place: Place) => Promise<void>): ContractCase {
  return { part: "conntrack", name, run };
}

export const conntrackCases: readonly ContractCase[] = [
  conntrackCase("a committed flow is there with both directions, state and mark", async (place) => {
    const wanted = connection(4001);
    const result = await place.kernel.conntrack.commit([wanted]);
    assert.deepEqual(result, { written: 1, updated: 0, failed: 0, firstError: undefined });
    const flow = await find(place, 4001);
    assert.deepEqual(flow?.original, wanted.original);
    assert.deepEqual(flow?.reply, wanted.reply);
    assert.equal(flow?.mark, 7);
    assert.equal(flow?.tcp?.state, 3);
    assert.equal((flow?.status ?? 0) & ESTABLISHED_STATUS, ESTABLISHED_STATUS);
    await place.kernel.conntrack.remove(wanted);
  }),
  conntrackCase("an IPv6 flow and a UDP flow are committed", async (place) => {
    const ipv6: Flow = {
      original: tuple("2001:db8:5::5", 4002, "2001:db8::10", 80),
      reply: tuple("2001:db8::10", 80, "2001:db8:5::5", 4002),
      status: ESTABLISHED_STATUS,
      timeoutSeconds: 300,
      tcp: { state: 3 },
    };
    const { tcp: _, ...plain } = connection(4003);
    const udp: Flow = {
      ...plain,
      original: { ...plain.original, protocol: 17 },
      reply: { ...plain.reply, protocol: 17 },
    };
    const result = await place.kernel.conntrack.commit([ipv6, udp]);
    assert.equal(result.firstError, undefined);
    assert.equal(result.written, 2);
    assert.deepEqual((await find(place, 4002))?.reply, ipv6.reply);
    assert.equal((await find(place, 4003))?.reply.protocol, 17);
    await place.kernel.conntrack.remove(ipv6);
    await place.kernel.conntrack.remove(udp);
  }),
  conntrackCase("committing the same again writes nothing", async (place) => {
    await place.kernel.conntrack.commit([connection(4004)]);
    const again = await place.kernel.conntrack.commit([connection(4004)]);
    assert.deepEqual(again, { written: 0, updated: 1, failed: 0, firstError: undefined });
    await place.kernel.conntrack.remove(connection(4004));
  }),
  conntrackCase("a flow that differs is updated in place", async (place) => {
    await place.kernel.conntrack.commit([connection(4005)]);
    const result = await place.kernel.conntrack.commit([connection(4005, { mark: 9 })]);
    assert.deepEqual(result, { written: 0, updated: 1, failed: 0, firstError: undefined });
    assert.equal((await find(place, 4005))?.mark, 9);
    await place.kernel.conntrack.remove(connection(4005));
  }),
  conntrackCase("a flow and the one that it was expected by are committed in either order", async (place) => {
    const control = connection(4006);
    const data = connection(4007, { master: control.original });
    const result = await place.kernel.conntrack.commit([data, control]);
    assert.equal(result.firstError, undefined);
    assert.equal(result.written, 2);
    await place.kernel.conntrack.remove(data);
    await place.kernel.conntrack.remove(control);
  }),
  conntrackCase("removing a flow that is not there is ENOENT", async (place) => {
    await refuses("ENOENT", place.kernel.conntrack.remove(connection(4008)));
  }),
  conntrackCase(
    "whoever watches hears of new, changed and ended flows, and which were our own",
    async (place) => {
      const heard: FlowEvent[] = [];
      const stop = place.kernel.conntrack.watch(
        (event) => heard.push(event),
        () => undefined,
      );
      await place.kernel.conntrack.commit([connection(4009)]);
      await place.kernel.conntrack.commit([connection(4009, { mark: 9 })]);
      await place.kernel.conntrack.remove(connection(4009));
      const ours = () => heard.filter(({ flow }) => flow.original.sourcePort === 4009);
      await comes(place, "the end of the flow", () => ours().some(({ kind }) => kind === "destroy"));
      assert.deepEqual(
        ours().map(({ kind, own }) => `${kind} ${own}`),
        ["new true", "update true", "destroy true"],
      );
      stop();
    },
  ),
  conntrackCase("a flush removes every flow of both families", async (place) => {
    await place.kernel.conntrack.commit([connection(4010), connection(4011)]);
    await place.kernel.conntrack.flush();
    assert.equal(await find(place, 4010), undefined);
    assert.equal(await find(place, 4011), undefined);
  }),
];
