/**
 * A million damaged datagrams of heartbeat 3.0.6: nothing throws, nothing that is not authentic gets in, and the log
 * stays short. Half of them are damaged on the way; the others are damaged by somebody who has the key, so that they
 * reach the parsers and the core.
 */
import { type Instant, instant, milliseconds } from "@systole/machine";
import { expect, test } from "vitest";
import { clusterMachine } from "../src/core/cluster.js";
import type { CoreEvent } from "../src/core/event.js";
import type { ClusterSettings } from "../src/core/settings.js";
import { booted, type ClusterState } from "../src/core/state.js";
import { createDropLog } from "../src/shell/drop-log.js";
import { createReceiver } from "../src/shell/receiver.js";
import { claimedSender } from "../src/wire/claimed-sender.js";
import { openEnvelope } from "../src/wire/datagram.js";
import { digestOf, type KeyRing } from "../src/wire/signature.js";
import { scenarios } from "./vectors.js";
import { virtualClock } from "./virtual-clock.js";

const TOTAL = 1_000_000;
const NODES = ["hbn1", "hbn2", "hbn3"];

/** mulberry32: small, fast, the same on every machine. */
function randomNumbers(seed: number): (below: number) => number {
  let state = seed;
  return (below) => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) % below;
  };
}

type Random = ReturnType<typeof randomNumbers>;

/** One damage of a kind that parsers dislike. */
function damage(bytes: Buffer, other: Buffer, random: Random): Buffer {
  const at = random(bytes.length + 1);
  const length = 1 + random(40);
  const put = (text: Buffer | string, instead = 0) =>
    Buffer.concat([bytes.subarray(0, at), Buffer.from(text), bytes.subarray(at + instead)]);
  switch (random(8)) {
    case 0: {
      const flipped = Buffer.from(bytes);
      if (at < bytes.length) flipped[at]! ^= 1 << random(8);
      return flipped;
    }
    case 1:
      return put(Buffer.from([random(256)]), 1);
    case 2:
      return put("", length);
    case 3:
      return put(bytes.subarray(at, at + length));
    case 4:
      return bytes.subarray(0, at);
    case 5:
      return put(other.subarray(random(other.length)));
    case 6:
      return put(
        ["=", ",", ":", "\n", "\0", "(2)", "999999:", "-1:", "###\n", "%%%\n", "<<<\n", ">>>\n"][random(12)]!,
        random(3),
      );
    default:
      return put(
        ["0", "ffffffffffff", "-1", "18446744073709551616", "7fffffff", "1e9", " "][random(7)]!,
        random(9),
      );
  }
}

interface Sample {
  readonly bytes: Buffer;
  readonly ring: KeyRing;
  readonly covered: Buffer;
  readonly framing: "netstring" | "classic";
  readonly keyIndex: number;
}

const samples: readonly Sample[] = scenarios().flatMap((scenario) =>
  scenario.datagrams.map((datagram) => {
    const { framing, covered, signature } = openEnvelope(datagram.bytes);
    const bytes = Buffer.from(datagram.bytes);
    const ring = scenario.ringOf(datagram);
    return { bytes, ring, covered: Buffer.from(covered), framing, keyIndex: signature.keyIndex };
  }),
);

/** What somebody with the key would send. */
function signed({ ring, framing, keyIndex }: Sample, covered: Buffer): Buffer {
  const signature = `${keyIndex} ${digestOf(ring.keys.get(keyIndex)!, covered)}`;
  if (framing === "classic")
    return Buffer.concat([Buffer.from(">>>\n"), covered, Buffer.from(`auth=${signature}\n<<<\n\0`)]);
  return Buffer.concat([covered, Buffer.from(`${signature.length}:${signature},`)]);
}

const settings: ClusterSettings = {
  local: "hbn1",
  nodes: NODES,
  keepalive: milliseconds(500),
  deadtime: milliseconds(2000),
  warntime: milliseconds(1000),
  initdead: milliseconds(4000),
  maxRexmitDelay: milliseconds(250),
  autoFailback: "on",
  groups: [{ key: "web", preferred: "hbn1", resources: ["web"] }],
  lease: undefined,
  fencing: false,
};

/** A core that answers as the shell would, with a tick every 50th message. */
function core() {
  const machine = clusterMachine();
  let now: Instant = instant(0);
  let state: ClusterState = booted(settings, { storedGeneration: 1, adopted: [] }, now);
  let messages = 0;
  function step(event: CoreEvent | { type: "tick" }): void {
    const stepped = machine.step(state, event, now);
    state = stepped.state;
    for (const action of stepped.actions) {
      if (action.type === "persist-generation") step({ ...action, type: "generation-stored" });
      if (action.type === "stop") step({ type: "stopped", group: action.group });
      if (action.type === "start") step({ type: "started", group: action.group, steps: [], degraded: [] });
    }
  }
  step({ type: "tick" });
  return {
    feed(event: CoreEvent): void {
      now = instant(now + 1);
      step(event);
      messages += 1;
      if (messages % 50 === 0) step({ type: "tick" });
    },
    state: () => state,
  };
}

test(`${TOTAL.toLocaleString("en")} damaged datagrams neither crash nor fill the log`, () => {
  const random = randomNumbers(694);
  const { feed, state } = core();
  const lines: string[] = [];
  const dropped = createDropLog(virtualClock(), (line) => lines.push(line));
  const uuids: string[] = [];
  let ring: KeyRing = samples[0]!.ring;
  let accepted = 0;
  let claimed = 0;
  const receiver = createReceiver({
    local: "hbn1",
    localUuid: new Uint8Array(16),
    keys: () => ring,
    nodes: () => NODES,
    heard: () => {},
    heardSelf: () => {},
    unauthentic: (envelope, medium) => {
      const node = claimedSender(envelope, NODES);
      if (node === undefined) return;
      claimed += 1;
      feed({ type: "other-key", node, medium });
    },
    accept: (event) => {
      accepted += 1;
      feed(event);
    },
    drop: dropped.dropped,
    log: (line) => uuids.push(line),
  });
  for (let round = 0; round < TOTAL; round++) {
    const sample = samples[random(samples.length)]!;
    const other = samples[random(samples.length)]!.bytes;
    ring = sample.ring;
    const insider = round % 2 === 0;
    const bytes = insider
      ? signed(sample, damage(sample.covered, other, random))
      : damage(sample.bytes, other, random);
    receiver.receive(bytes, "eth1");
  }
  const { malformed = 0, unauthentic = 0, "unknown-node": unknown = 0 } = dropped.totals();
  expect(accepted + malformed + unauthentic + unknown).toBe(TOTAL);
  for (const one of [accepted, malformed, unauthentic, unknown]) expect(one).toBeGreaterThan(1000);
  expect(claimed).toBeGreaterThan(1000);
  expect(claimed).toBeLessThanOrEqual(unauthentic);
  expect(lines.length).toBe(15);
  expect(state().peers.size).toBe(2);
  for (const { reception } of state().peers.values())
    expect(reception.missing.length).toBeLessThanOrEqual(500);
}, 900_000);
