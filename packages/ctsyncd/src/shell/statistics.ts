/** The texts of `-s`, as conntrackd prints them: scripts read them, down to tabs and blank lines. */
import type { LinkStatus } from "./link-set.js";
import type { Status } from "./status.js";

interface Counts {
  readonly created: number;
  readonly createFailed: number;
  readonly updated: number;
  readonly destroyed: number;
  readonly destroyUnknown: number;
}

/** By the word behind `-s`; the caller has made sure that the word is known. */
export const STATISTICS: Readonly<Record<string, (status: Status) => string>> = {
  network,
  cache,
  runtime,
  link: (status) => status.links.map(linkBlock).join(""),
  rsqueue: ({ queue }) => `resent queue (len=${queue.unacknowledged})\n`,
  process: () => "",
  queue,
  ct: (status) => general(status, flowsOf(status)),
  expect: (status) => general(status, expectationsOf(status)),
};

interface Caches {
  readonly local: Counts & { readonly flows: number };
  readonly peers: readonly (Counts & { readonly flows: number })[];
}

const flowsOf = ({ local, peers }: Status): Caches => ({
  local,
  peers: peers.map(({ cache, flows }) => ({ ...cache, flows })),
});
const expectationsOf = ({ expectations, peers }: Status): Caches => ({
  local: expectations,
  peers: peers.map((peer) => peer.expectations),
});

function general(status: Status, caches: Caches): string {
  return [
    ...(status.bypass === null ? cacheBlock("internal", [caches.local]) : bypassBlock(status.bypass)),
    ...(status.injected === null ? cacheBlock("external", caches.peers) : injectBlock(status.injected)),
    "traffic processed:",
    `${wide(0)} Bytes${" ".repeat(5)} ${wide(0)} Pckts`,
    "",
    ...trafficBlock(status),
    "message tracking:",
    `${wide(total(status, "malformed"))} Malformed msgs ${wide(total(status, "lost"))} Lost msgs`,
    "",
    "",
  ].join("\n");
}

function cacheBlock(name: string, caches: Caches["peers"]): string[] {
  const sum = (field: keyof Counts | "flows") => caches.reduce((all, counts) => all + counts[field], 0);
  const line = (what: string, done: number, failed: number) =>
    `${what}${narrow(done)}\tfailed:\t${narrow(failed)}`;
  return [
    `cache ${name}:`,
    `current active connections:\t${narrow(sum("flows"))}`,
    line("connections created:\t\t", sum("created"), sum("createFailed")),
    line("connections updated:\t\t", sum("updated"), 0),
    line("connections destroyed:\t\t", sum("destroyed"), sum("destroyUnknown")),
    "",
  ];
}

const bypassBlock = ({ created, updated, destroyed }: NonNullable<Status["bypass"]>): string[] => [
  "internal bypass:",
  `connections new:\t\t${narrow(created)}`,
  `connections updated:\t\t${narrow(updated)}`,
  `connections destroyed:\t\t${narrow(destroyed)}`,
  "",
];

const injectBlock = ({ created, updated, destroyed, failed }: NonNullable<Status["injected"]>): string[] => [
  "external inject:",
  `connections created:\t\t${narrow(created)}\tfailed:\t${narrow(failed)}`,
  `connections updated:\t\t${narrow(updated)}\tfailed:\t${narrow(0)}`,
  `connections destroyed:\t\t${narrow(destroyed)}\tfailed:\t${narrow(0)}`,
  "",
];

const KINDS = { udp: "UDP", tcp: "TCP", multicast: "multicast" } as const;

function trafficBlock(status: Status): string[] {
  const link = status.links.find(({ active }) => active) ?? status.links[0]!; // there is at least one
  const word = (connected: boolean) => (connected ? "connected" : "unconnected");
  const { connections } = link;
  const state =
    connections === undefined
      ? ""
      : ` server=${word(connections.incoming)} client=${word(connections.outgoing)}`;
  return [
    `${KINDS[link.kind]} traffic (active device=${link.interface})${state}:`,
    ...counterLines(link.counters),
    "",
  ];
}

function linkBlock({ kind, interface: name, state, active, counters }: LinkStatus): string {
  const role = active ? "ACTIVE" : "BACKUP";
  const head = `${KINDS[kind]} traffic device=${name} status=${state} role=${role}:`;
  return `${[head, ...counterLines(counters), ""].join("\n")}\n`;
}

function counterLines(counters: LinkStatus["counters"]): string[] {
  const pair = (sent: number, received: number, unit: string, word = "sent") =>
    `${wide(sent)} ${unit} ${word} ${wide(received)} ${unit} recv`;
  return [
    pair(counters.sentBytes, counters.receivedBytes, "Bytes"),
    pair(counters.sentDatagrams, counters.receivedDatagrams, "Pckts"),
    pair(counters.sendErrors, counters.receiveErrors, "Error", "send"),
  ];
}

function network(status: Status): string {
  const count = (name: string, value: number) => `\t\t${name}:\t${wide(value)}`;
  const malformed = total(status, "malformed");
  return [
    "network statistics:",
    "\trecv:",
    count("Malformed messages", malformed),
    count("Wrong protocol version", total(status, "otherVersion")),
    count("Malformed header", total(status, "badHeader")),
    count("Malformed payload", total(status, "badPayload")),
    count("Bad message type", total(status, "badType")),
    count("Truncated message", total(status, "truncated")),
    count("Bad message size", total(status, "badSize")),
    "\tsend:",
    count("Malformed messages", 0),
    "",
    "sequence tracking statistics:",
    "\trecv:",
    `\t\tPackets lost:\t\t${wide(total(status, "lost"))}`,
    `\t\tPackets before:\t\t${wide(total(status, "before"))}`,
    "",
    ...trafficBlock(status),
    "",
  ].join("\n");
}

function cache(status: Status): string {
  const { local, peers } = flowsOf(status);
  const external = peers.reduce(
    (sum, one) => ({
      flows: sum.flows + one.flows,
      created: sum.created + one.created,
      createFailed: sum.createFailed + one.createFailed,
      updated: sum.updated + one.updated,
      destroyed: sum.destroyed + one.destroyed,
      destroyUnknown: sum.destroyUnknown + one.destroyUnknown,
    }),
    { flows: 0, created: 0, createFailed: 0, updated: 0, destroyed: 0, destroyUnknown: 0 },
  );
  return cacheDetails("internal", local) + cacheDetails("external", external);
}

function cacheDetails(name: string, counts: Caches["local"]): string {
  const { flows, created, createFailed, updated, destroyed, destroyUnknown } = counts;
  const pair = (one: number, other: number) => `${narrow(one)}/${narrow(other)}`;
  return [
    `cache:${name}\tactive objects:\t\t${narrow(flows)}`,
    `\tactive/total entries:\t\t${pair(flows, flows)}`,
    `\tcreation OK/failed:\t\t${pair(created, createFailed)}`,
    `\t\tno memory available:\t${narrow(0)}`,
    `\t\tno space left in cache:\t${narrow(createFailed)}`,
    `\tupdate OK/failed:\t\t${pair(updated, 0)}`,
    `\t\tentry not found:\t${narrow(0)}`,
    `\tdeletion created/failed:\t${pair(destroyed, destroyUnknown)}`,
    `\t\tentry not found:\t${narrow(destroyUnknown)}`,
    "",
    "",
  ].join("\n");
}

function runtime({ uptimeSeconds, kernel }: Status): string {
  return [
    `daemon uptime: ${uptime(uptimeSeconds)}`,
    "",
    "netlink stats:",
    `\tevents received:\t${wide(kernel.events)}`,
    `\tevents filtered:\t${wide(kernel.filtered)}`,
    `\tevents unknown type:\t\t${narrow(kernel.unreadable)}`,
    `\tcatch event failed:\t\t${narrow(0)}`,
    `\tdump unknown type:\t\t${narrow(0)}`,
    `\tnetlink overrun:\t\t${narrow(kernel.overruns)}`,
    `\tflush kernel table:\t\t${narrow(0)}`,
    `\tresync with kernel table:\t${narrow(kernel.resyncs)}`,
    `\tcurrent buffer size (in bytes):\t${narrow(kernel.bufferBytes)}`,
    "",
    "runtime stats:",
    `\tchild process failed:\t\t${narrow(0)}`,
    `\t\tchild process segfault:\t${narrow(0)}`,
    `\t\tchild process termsig:\t${narrow(0)}`,
    `\tselect failed:\t\t\t${narrow(0)}`,
    `\twait failed:\t\t\t${narrow(0)}`,
    `\tlocal read failed:\t\t${narrow(0)}`,
    `\tlocal unknown request:\t\t${narrow(0)}`,
    "",
    "",
  ].join("\n");
}

function uptime(seconds: number): string {
  const [days, hours, minutes] = [
    Math.floor(seconds / 86_400),
    Math.floor(seconds / 3600) % 24,
    Math.floor(seconds / 60) % 60,
  ];
  const day = days === 0 ? "" : `${days} day${days === 1 ? "" : "s"} `;
  return `${day}${hours === 0 ? "" : `${hours} h `}${minutes} min`;
}

const UNLIMITED = 2_147_483_647;

function queue({ queue: { waiting, unacknowledged, dropped } }: Status): string {
  const block = (name: string, current: number, most: number, failed: number) => [
    `queue ${name}:`,
    `current elements:\t\t${narrow(current)}`,
    `maximum elements:\t\t${narrow(most)}`,
    `not enough space errors:\t${narrow(failed)}`,
    "",
  ];
  return [
    `allocated queue nodes:\t\t${narrow(waiting + unacknowledged)}`,
    "",
    ...block("txqueue", waiting, UNLIMITED, 0),
    ...block("errorq", 0, UNLIMITED, 0),
    ...block("rsqueue", unacknowledged, UNLIMITED, dropped),
    "",
  ].join("\n");
}

type ReceivedCount = keyof Status["peers"][number]["received"];

const total = ({ peers }: Status, name: ReceivedCount): number =>
  peers.reduce((sum, { received }) => sum + received[name], 0);

const narrow = (value: number): string => String(value).padStart(12);
const wide = (value: number): string => String(value).padStart(20);
