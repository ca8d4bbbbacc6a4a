/**
 * The rules of table `inet systole`: services by translation (masq) and by this host itself (local). Pure.
 *
 *     prerouting, output ─► choose ─ by mark, by address ─► s_<service> ─ by client, by slot ─► r_<real>: dnat
 *
 * Only the first packet of a connection passes: a change of weights never moves or breaks an established one.
 * A service without a real server that serves refuses (port unreachable, as ip_vs does), so that the packet never
 * reaches a port of this host.
 */
import { formatEndpoint, isIpv6 } from "@systole/wire";
import { byMark, choiceRule, clientKey, headerOf, markText } from "./choice.js";
import { type Layout, type NeededObjects, names, type PlacedReal, type PlacedService } from "./layout.js";
import { header, type Routes, type Way, wayTo } from "./way.js";

export const TABLE = "inet systole";

/**
 * Where the definition stands: in a table of its own, because nft 1.0.6 reads every rule and every slot of a table to
 * list one chain of it (15 s for a hundred services with mh).
 */
export const DEFINITION_TABLE = "inet systole_definition";
export const DEFINITION_CHAIN = "services";

/** Clients that one persistent service remembers at most; later ones are balanced without memory. */
const MOST_CLIENTS = 262_144;

/** Everything that is there once: written each time, so that a table somebody damaged is whole again. */
export function translateFrame(): readonly string[] {
  const chain = (name: string, rules: readonly string[], hook = "") => [
    `add chain ${TABLE} ${name}${hook}`,
    `flush chain ${TABLE} ${name}`,
    ...rules.map((rule) => `add rule ${TABLE} ${name} ${rule}`),
  ];
  const map = (name: string, key: string) => `add map ${TABLE} ${name} { type ${key} : verdict; }`;
  return [
    `add table ${TABLE}`,
    map("svc4", "ipv4_addr . inet_proto . inet_service"),
    map("svc6", "ipv6_addr . inet_proto . inet_service"),
    map("any4", "ipv4_addr . inet_proto"),
    map("any6", "ipv6_addr . inet_proto"),
    map("mark4", "mark"),
    map("mark6", "mark"),
    ...chain("choose", [
      "fib daddr type != local return",
      "meta nfproto ipv4 meta mark vmap @mark4",
      "meta nfproto ipv6 meta mark vmap @mark6",
      ...LOOKUPS,
    ]),
    ...chain("prerouting", ["jump choose"], " { type nat hook prerouting priority -100; policy accept; }"),
    ...chain("output", ["jump choose"], " { type nat hook output priority -100; policy accept; }"),
    ...chain("renew", [], " { type filter hook prerouting priority -99; policy accept; }"),
  ];
}

/** By address, protocol and port, then by address and protocol for services of all ports. */
export const LOOKUPS: readonly string[] = [
  "ip daddr . meta l4proto . th dport vmap @svc4",
  "ip6 daddr . meta l4proto . th dport vmap @svc6",
  "ip daddr . meta l4proto vmap @any4",
  "ip6 daddr . meta l4proto vmap @any6",
];

/** The rules of one service and its real servers. */
export function translateService(placed: PlacedService, routes: Routes): readonly string[] {
  const service = names.service(placed);
  const ours = placed.reals.filter(({ real }) => isHere(wayTo(placed.service, real, routes)));
  const { persistence } = placed.service;
  return [
    ...(persistence ? [`add map ${TABLE} ${names.clients(placed)} ${clientsMap(placed)}`] : []),
    ...ours.flatMap((real) => realChain(placed, real, wayTo(placed.service, real.real, routes))),
    `add chain ${TABLE} ${service}`,
    `flush chain ${TABLE} ${service}`,
    ...serviceRules(placed, ours, routes).map((rule) => `add rule ${TABLE} ${service} ${rule}`),
    addElement(TABLE, placed),
  ];
}

/** The objects of one service in this table. */
export function translateObjects(placed: PlacedService, routes: Routes): NeededObjects {
  const ours = placed.reals.filter(({ real }) => isHere(wayTo(placed.service, real, routes)));
  return {
    chains: [names.service(placed), ...ours.map(names.real)],
    maps: placed.service.persistence ? [names.clients(placed)] : [],
  };
}

/** Whether direct routing chooses for this service: then what it chose arrives here with a mark. */
export const isDirect = (placed: PlacedService, routes: Routes): boolean =>
  placed.reals.some(({ real }) => wayTo(placed.service, real, routes).kind === "forward");

const isHere = (way: Way): boolean => way.kind === "translate" || way.kind === "local";

function serviceRules(placed: PlacedService, ours: readonly PlacedReal[], routes: Routes): readonly string[] {
  const { persistence } = placed.service;
  const marked = byMark(ours, names.real);
  const rules: string[] = [];
  if (marked !== undefined && isDirect(placed, routes)) rules.push(`meta mark ${marked}`);
  if (marked !== undefined && persistence)
    rules.push(
      `ct mark set ${clientKey(placed, persistence)} map @${names.clients(placed)} ct mark ${marked}`,
    );
  return [...rules, ...choiceRule(placed, ours, names.real), "reject with icmpx type port-unreachable"];
}

function realChain(placed: PlacedService, placedReal: PlacedReal, way: Way): readonly string[] {
  const chain = names.real(placedReal);
  const { persistence } = placed.service;
  const remember = persistence && [`ct mark set ${markText(placedReal.mark)}`, renewRule(placed)];
  const rules = [`counter name "${chain}"`, ...(remember ?? []), verdict(placed, placedReal, way)];
  return [
    `add counter ${TABLE} ${chain}`,
    `add chain ${TABLE} ${chain}`,
    `flush chain ${TABLE} ${chain}`,
    ...rules.map((rule) => `add rule ${TABLE} ${chain} ${rule}`),
  ];
}

function verdict({ service }: PlacedService, { real }: PlacedReal, way: Way): string {
  const { address, port } = real.endpoint;
  const protocols = service.id.kind === "address" ? service.id.protocol : "{ tcp, udp, sctp }";
  const portChanges = port !== 0;
  if (way.kind === "local") {
    const moves = portChanges && real.forwarding === "masq";
    return moves ? `meta l4proto ${protocols} redirect to :${port}` : "accept";
  }
  if (!portChanges) return `dnat ${header(address)} to ${address}`;
  const target = isIpv6(address) ? formatEndpoint(real.endpoint) : `${address}:${port}`;
  return `meta l4proto ${protocols} dnat ${header(address)} to ${target}`;
}

/** A client stays known as long as one of its connections has traffic. Behind the services: it names their maps. */
export function renewal(layout: Layout): readonly string[] {
  const persistent = layout.filter(
    ({ service, reals }) => service.persistence !== undefined && reals.length > 0,
  );
  return persistent.map((placed) => {
    const marks = placed.reals.map(({ mark }) => markText(mark)).join(", ");
    return `add rule ${TABLE} renew ct direction original ct mark { ${marks} } ${renewRule(placed)}`;
  });
}

function renewRule(placed: PlacedService): string {
  const persistence = placed.service.persistence!; // both callers checked that the service is persistent
  const key = clientKey(placed, persistence);
  return `update @${names.clients(placed)} { ${key} timeout ${persistence.timeoutSeconds}s : ct mark }`;
}

export const clientsMap = (placed: PlacedService): string =>
  `{ typeof ${headerOf(placed)} saddr : meta mark; size ${MOST_CLIENTS}; flags dynamic,timeout; }`;

/** Traffic for this service goes to its chain. */
export const addElement = (table: string, placed: PlacedService): string =>
  `add element ${table} ${mapOf(placed)} { ${elementKey(placed)} : goto ${names.service(placed)} }`;

export const deleteElement = (table: string, placed: PlacedService): string =>
  `delete element ${table} ${mapOf(placed)} { ${elementKey(placed)} }`;

function mapOf(placed: PlacedService): string {
  const { id } = placed.service;
  const family = headerOf(placed) === "ip" ? "4" : "6";
  if (id.kind === "fwmark") return `mark${family}`;
  return id.port === 0 ? `any${family}` : `svc${family}`;
}

function elementKey({ service: { id } }: PlacedService): string {
  if (id.kind === "fwmark") return markText(id.fwmark);
  return id.port === 0 ? `${id.address} . ${id.protocol}` : `${id.address} . ${id.protocol} . ${id.port}`;
}
