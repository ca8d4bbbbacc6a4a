/**
 * The table as comments of rules, so that a restarted daemon reads from the kernel what another one wrote.
 *
 *     service tcp 192.0.2.10:80 wrr f=0 p=300/32 c=1a2b3c4d
 *     real 10.0.0.11:80 masq w=1 u=0 l=0 m=53a1b2c3
 *
 * One rule each, in the chain `services` of table `inet systole_definition`, which no packet ever passes. The kernel
 * takes 128 bytes for a comment; the longest line has 120.
 */
import { type Family, formatEndpoint, parseEndpoint } from "@systole/wire";
import type { Persistence, RealServer, VirtualService, VirtualServiceId } from "../balancer.js";
import { hex, type Layout, type PlacedReal, type PlacedService } from "./layout.js";

/** One line per service, each followed by those of its real servers. */
export function writeDefinition(layout: Layout): readonly string[] {
  return layout.flatMap((placed) => [serviceLine(placed), ...placed.reals.map(realLine)]);
}

/** Reads what `writeDefinition` wrote; a line that is something else is skipped, with its real servers. */
export function readDefinition(lines: readonly string[]): Layout {
  const layout: { service: VirtualService; number: number; reals: PlacedReal[] }[] = [];
  let current: PlacedReal[] = [];
  for (const line of lines) {
    const [kind, ...words] = line.split(" ");
    if (kind === "real") {
      const real = parseReal(words);
      if (real !== undefined) current.push(real);
      continue;
    }
    current = [];
    const service = kind === "service" ? parseService(words) : undefined;
    if (service !== undefined) layout.push({ ...service, reals: current });
  }
  return layout;
}

function serviceLine({ service, number }: PlacedService): string {
  const { id, scheduler, schedulerFlags, persistence, persistenceEngine, onePacket } = service;
  const where =
    id.kind === "fwmark" ? `fwmark ${id.fwmark}/${id.family}` : `${id.protocol} ${formatEndpoint(id)}`;
  return [
    `service ${where} ${scheduler} f=${schedulerFlags}`,
    ...(persistence ? [`p=${persistence.timeoutSeconds}/${persistence.prefixLength}`] : []),
    ...(persistenceEngine === undefined ? [] : [`e=${persistenceEngine}`]),
    ...(onePacket ? ["o=1"] : []),
    `c=${hex(number)}`,
  ].join(" ");
}

function realLine({ real, mark }: PlacedReal): string {
  const { endpoint, forwarding, weight, upperThreshold, lowerThreshold, tunnel } = real;
  return [
    `real ${formatEndpoint(endpoint)} ${forwarding} w=${weight} u=${upperThreshold} l=${lowerThreshold}`,
    ...(tunnel ? [`t=${tunnel.type}/${tunnel.port}/${tunnel.flags}`] : []),
    `m=${hex(mark)}`,
  ].join(" ");
}

function parseService(words: readonly string[]): Omit<PlacedService, "reals"> | undefined {
  const [protocol, where, scheduler, ...rest] = words;
  const id = parseServiceId(protocol, where ?? "");
  const options = parseOptions(rest);
  const number = Number.parseInt(options.get("c") ?? "", 16);
  if (id === undefined || scheduler === undefined || Number.isNaN(number)) return undefined;
  const service: VirtualService = {
    id,
    scheduler,
    schedulerFlags: Number(options.get("f") ?? 0),
    persistence: parsePersistence(options.get("p")),
    persistenceEngine: options.get("e"),
    onePacket: options.has("o"),
  };
  return { service, number };
}

function parseServiceId(protocol: string | undefined, where: string): VirtualServiceId | undefined {
  if (protocol === "fwmark") {
    const [fwmark, family] = where.split("/");
    return isFamily(family) ? { kind: "fwmark", fwmark: Number(fwmark), family } : undefined;
  }
  const endpoint = parseEndpoint(where);
  if (endpoint === undefined || (protocol !== "tcp" && protocol !== "udp" && protocol !== "sctp"))
    return undefined;
  return { kind: "address", protocol, ...endpoint };
}

function parseReal(words: readonly string[]): PlacedReal | undefined {
  const [where, forwarding, ...rest] = words;
  const endpoint = parseEndpoint(where ?? "");
  const options = parseOptions(rest);
  const mark = Number.parseInt(options.get("m") ?? "", 16);
  if (endpoint === undefined || !isForwarding(forwarding) || Number.isNaN(mark)) return undefined;
  const real: RealServer = {
    endpoint,
    forwarding,
    weight: Number(options.get("w") ?? 1),
    upperThreshold: Number(options.get("u") ?? 0),
    lowerThreshold: Number(options.get("l") ?? 0),
    ...parseTunnel(options.get("t")),
  };
  return { real, mark };
}

function parsePersistence(text: string | undefined): Persistence | undefined {
  const [timeoutSeconds, prefixLength] = (text ?? "").split("/").map(Number);
  return timeoutSeconds && prefixLength ? { timeoutSeconds, prefixLength } : undefined;
}

function parseTunnel(text: string | undefined): Pick<RealServer, "tunnel"> {
  const [type, port, flags] = (text ?? "").split("/");
  if (type !== "ipip" && type !== "gue" && type !== "gre") return {};
  return { tunnel: { type, port: Number(port), flags: Number(flags) } };
}

const parseOptions = (words: readonly string[]): ReadonlyMap<string, string> =>
  new Map(words.map((word) => [word.slice(0, 1), word.slice(2)]));

const isFamily = (text: string | undefined): text is Family => text === "inet" || text === "inet6";
const FORWARDINGS: readonly string[] = ["gate", "masq", "ipip", "local", "bypass"];
const isForwarding = (text: string | undefined): text is RealServer["forwarding"] =>
  text !== undefined && FORWARDINGS.includes(text);
