/** Two sessions on fake kernels, joined by a link that may lose, in virtual time. */
import { fakeKernel } from "@systole/kernel/fake";
import type { Tick } from "@systole/machine";
import { type Instant, instant } from "@systole/machine";
import type { Flow } from "@systole/node-netlink";
import { type IpAddress, parseIp } from "@systole/wire";
import { compileFilter } from "../src/core/filter.js";
import { BORN, CHANGED, ENDED, FlowBatch, LIBERAL, OWN, REMOVE } from "../src/core/flow-batch.js";
import { Session } from "../src/core/session.js";
import type {
  Answer,
  Command,
  Report,
  SessionAction,
  SessionEvent,
  SessionOptions,
} from "../src/core/session.types.js";
import { AttributeIndex, FLOW_ATTRIBUTES } from "../src/wire/attribute.js";
import { decodeFlow, encodeFlow } from "../src/wire/flow.js";

export const A = parseIp("10.60.90.1")!;
export const B = parseIp("10.60.90.2")!;

export function options(peer: IpAddress, changes: Partial<SessionOptions> = {}): SessionOptions {
  return {
    mode: "ftfw",
    firstSequence: peer === B ? 1_000_000 : 2_000_000,
    capacityBytes: 1472,
    allowed: new Map([[peer, peer]]),
    localCache: true,
    peerCache: true,
    refreshSeconds: 60,
    cacheTimeoutSeconds: 180,
    expects: undefined,
    links: 1,
    passes: compileFilter({}, []),
    resendLimit: 1024,
    ackWindow: 20,
    cacheLimit: 10_000,
    commitTimeoutSeconds: undefined,
    windowTracking: false,
    purgeTimeoutSeconds: 60,
    ...changes,
  };
}

const KINDS = { new: BORN, update: CHANGED, destroy: ENDED };

export const body = (flow: Flow) => encodeFlow(flow, { windowTracking: false, timeout: true });

/** Flows as a batch of one kind. */
export function batchOf(kind: number, ...flows: readonly Flow[]): FlowBatch {
  const batch = new FlowBatch();
  for (const flow of flows) {
    const bytes = body(flow);
    batch.copy(kind, bytes, 0, bytes.length);
  }
  return batch;
}

const index = new AttributeIndex(FLOW_ATTRIBUTES);

/** The flows of a batch, with their kinds. */
export const flowsOf = (batch: FlowBatch): { readonly kind: number; readonly flow: Flow }[] =>
  Array.from({ length: batch.count }, (_, n) => ({
    kind: batch.kind(n),
    flow: decodeFlow(index.scan(batch.bytes, batch.from(n), batch.to(n))),
  }));

export class Node {
  readonly address: IpAddress;
  readonly kernel = fakeKernel().conntrack;
  readonly reports: Report[] = [];
  readonly answers = new Map<number, Answer>();
  session: Session;
  on = true;
  hearsBirths = true;
  onBirths: (heard: boolean) => void = () => {};
  #tickets = 0;
  readonly #world: Pair;
  readonly #options: SessionOptions;

  constructor(world: Pair, address: IpAddress, options: SessionOptions) {
    this.#world = world;
    this.address = address;
    this.#options = options;
    this.session = new Session(options, world.now);
    this.kernel.watch(
      ({ kind, flow, own = false }) => {
        if (kind === "new" && !this.hearsBirths) return;
        this.later({ type: "kernel", batch: batchOf(KINDS[kind] | (own ? OWN : 0), flow) });
      },
      () => this.later({ type: "overrun" }),
    );
  }

  /** Starts anew, with an empty memory; the kernel's table stays. */
  restart(firstSequence: number): void {
    this.session = new Session({ ...this.#options, firstSequence }, this.#world.now);
    this.on = true;
  }

  later(event: SessionEvent): void {
    this.#world.at(this.#world.now, () => this.feed(event));
  }

  feed(event: SessionEvent | Tick): void {
    if (!this.on) return;
    for (const action of this.session.step(event, this.#world.now)) this.#perform(action);
  }

  command(command: Command): number {
    this.#tickets += 1;
    this.feed({ type: "command", ticket: this.#tickets, command });
    return this.#tickets;
  }

  #perform(action: SessionAction): void {
    switch (action.type) {
      case "send":
        this.#world.send(this.address, action.datagram);
        return;
      case "dump":
        this.later({ type: "dumped", batch: batchOf(BORN, ...this.kernel.dumpNow()), more: true });
        this.later({ type: "dumped", expectations: [], more: false });
        return;
      case "births":
        this.hearsBirths = action.heard;
        this.onBirths(action.heard);
        return;
      case "survey":
        this.later({ type: "surveyed", batch: batchOf(LIBERAL, ...this.kernel.dumpNow()) });
        this.later({ type: "batch-done", result: { written: 0, updated: 0, failed: 0 } });
        return;
      case "write":
        this.#write(flowsOf(action.batch), "batch-done");
        return;
      case "inject":
        this.#write(flowsOf(action.batch), "inject-done");
        return;
      case "expect":
      case "inject-expectations":
      case "remove-all":
        throw new Error(`this pair does not know how to ${action.type}`);
      case "answer":
        this.answers.set(action.ticket, action.answer);
        return;
      case "report":
        this.reports.push(action.report);
        return;
    }
  }

  #write(wanted: ReturnType<typeof flowsOf>, done: "batch-done" | "inject-done"): void {
    const gone = wanted.filter(({ kind }) => kind === REMOVE).map(({ flow }) => flow);
    for (const flow of gone) void this.kernel.remove(flow).catch(() => undefined); // gone already
    const { written, updated, failed } = this.kernel.commitNow(
      wanted.filter(({ kind }) => kind !== REMOVE).map(({ flow }) => flow),
    );
    const counts = { updated, failed, removed: gone.length };
    const result = { ...counts, written: done === "inject-done" ? written : written + gone.length };
    this.#world.at(this.#world.now + 1, () => this.feed({ type: done, result }));
  }

  /** What the peers told, as sorted texts. */
  peerFlows(): string[] {
    const texts: string[] = [];
    for (const { cache } of this.session.receiver.peers.values()) {
      for (let id = cache.next(0); id !== -1; id = cache.next(id + 1)) texts.push(flowText(cache.flow(id)));
    }
    return texts.sort();
  }

  kernelFlows(): string[] {
    return this.kernel.dumpNow().map(flowText).sort();
  }
}

export const flowText = ({ original: o, tcp, mark }: Flow): string =>
  `${o.source}:${o.sourcePort} > ${o.destination}:${o.destinationPort} ${tcp?.state ?? "-"} ${mark ?? 0}`;

export class Pair {
  now: Instant = instant(0);
  readonly a: Node;
  readonly b: Node;
  /** Says of each datagram whether it is lost. */
  loses: (from: IpAddress, datagram: Uint8Array) => boolean = () => false;
  #queue: { readonly at: number; readonly order: number; readonly run: () => void }[] = [];
  #order = 0;

  constructor(changes: Partial<SessionOptions> = {}) {
    this.a = new Node(this, A, options(B, changes));
    this.b = new Node(this, B, options(A, changes));
  }

  at(when: number, run: () => void): void {
    this.#order += 1;
    this.#queue.push({ at: when, order: this.#order, run });
    this.#queue.sort((x, y) => x.at - y.at || x.order - y.order);
  }

  send(from: IpAddress, datagram: Uint8Array): void {
    if (this.loses(from, datagram)) return;
    const to = from === A ? this.b : this.a;
    const copy = datagram.slice();
    this.at(this.now + 0.2, () => to.feed({ type: "datagram", from, bytes: copy }));
  }

  /** Plays so many milliseconds. */
  run(ms: number): void {
    const end = this.now + ms;
    for (;;) {
      const due = [this.a, this.b].map((node) => ({
        at: node.on
          ? Math.max(node.session.deadline ?? Number.POSITIVE_INFINITY, this.now)
          : Number.POSITIVE_INFINITY,
        run: () => node.feed({ type: "tick" }),
      }));
      const [first] = this.#queue;
      const next = [...(first === undefined ? [] : [first]), ...due].reduce((x, y) => (y.at < x.at ? y : x));
      if (next.at > end) break;
      this.now = instant(next.at);
      if (next === first) this.#queue.shift();
      next.run();
      // A tick that changes nothing would be played for ever.
      if (next !== first) this.now = instant(this.now + 0.01);
    }
    this.now = instant(end);
  }
}

/** A masqueraded TCP connection of client `n`. */
export function connection(n: number, state = 3, mark?: number): Flow {
  const client = parseIp(`10.60.1.${(n >> 8) + 2}`)!;
  const port = 20_000 + n;
  return {
    original: {
      source: client,
      destination: parseIp("10.60.1.1")!,
      protocol: 6,
      sourcePort: port,
      destinationPort: 80,
    },
    reply: {
      source: parseIp("10.60.2.2")!,
      destination: client,
      protocol: 6,
      sourcePort: 8080,
      destinationPort: port,
    },
    status: state >= 3 ? 0x12e : 0x128,
    timeoutSeconds: state === 3 ? 432_000 : 120,
    tcp: { state },
    ...(mark !== undefined && { mark }),
  };
}
