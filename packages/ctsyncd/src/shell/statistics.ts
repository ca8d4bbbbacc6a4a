/** The texts of `-s` and `-s network`, as conntrackd prints them: scripts read them. */
import type { Status } from "./status.js";

type CacheCounts = Status["local"] | Status["peers"][number]["cache"];

/** `-s`, `-s ct`. */
export function generalStatistics(status: Status): string {
  const peers = status.peers.reduce((sum, { flows }) => sum + flows, 0);
  const external = status.peers.map(({ cache }) => cache);
  return [
    ...cacheBlock("internal", status.local.flows, [status.local]),
    ...cacheBlock("external", peers, external),
    "traffic processed:",
    `${wide(0)} Bytes${" ".repeat(5)}${wide(0)} Pckts`,
    "",
    ...trafficBlock(status),
    "",
    "message tracking:",
    `${wide(total(status, "malformed"))} Malformed msgs ${wide(total(status, "lost"))} Lost msgs`,
    "",
  ].join("\n");
}

/** `-s network`. */
export function networkStatistics(status: Status): string {
  const count = (name: string, value: number) => `\t\t${name}:\t${wide(value)}`;
  return [
    "network statistics:",
    "\trecv:",
    count("Malformed messages", total(status, "malformed")),
    count("Wrong protocol version", total(status, "otherVersion")),
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

function cacheBlock(name: string, active: number, caches: readonly CacheCounts[]): string[] {
  const sum = (of: (counts: CacheCounts) => number) => caches.reduce((sum, counts) => sum + of(counts), 0);
  const line = (what: string, done: number, failed: number) =>
    `${what}${narrow(done)}\tfailed:\t${narrow(failed)}`;
  return [
    `cache ${name}:`,
    `current active connections:\t${narrow(active)}`,
    line(
      "connections created:\t\t",
      sum(({ created }) => created),
      sum(({ createFailed }) => createFailed),
    ),
    line(
      "connections updated:\t\t",
      sum(({ updated }) => updated),
      0,
    ),
    line(
      "connections destroyed:\t\t",
      sum(({ destroyed }) => destroyed),
      sum(({ destroyUnknown }) => destroyUnknown),
    ),
    "",
  ];
}

function trafficBlock(status: Status): string[] {
  const kind = status.link.kind === "udp" ? "UDP" : "multicast";
  const pair = (sent: number, received: number, unit: string) =>
    `${wide(sent)} ${unit} sent ${wide(received)} ${unit} recv`;
  return [
    `${kind} traffic (active device=${status.link.interface}):`,
    pair(status.sent.bytes, total(status, "bytes"), "Bytes"),
    pair(status.sent.datagrams, total(status, "datagrams"), "Pckts"),
    pair(status.sent.errors, 0, "Error"),
  ];
}

type ReceivedCount = keyof Status["peers"][number]["received"];

const total = ({ peers }: Status, name: ReceivedCount): number =>
  peers.reduce((sum, { received }) => sum + received[name], 0);

const narrow = (value: number): string => String(value).padStart(12);
const wide = (value: number): string => String(value).padStart(20);
