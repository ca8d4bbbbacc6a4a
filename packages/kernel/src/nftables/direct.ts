/**
 * The rules of table `netdev systole_gate`: services with direct routing (gate). Pure.
 *
 *     ingress of each interface ─► choose ─► s_<service> ─ known flow ─► r_<real>: fwd
 *                                                       └─ new flow ──► n_<real> ─► r_<real>
 *
 * Every packet passes, before connection tracking; a map of flows remembers where each one goes. What a service of
 * both kinds sends to a masq real server goes on to table `inet systole` with that real server's mark.
 */
import { byMark, choiceRule, clientKey, headerOf, markText } from "./choice.js";
import { type NeededObjects, names, type PlacedReal, type PlacedService } from "./layout.js";
import { addElement, clientsMap, LOOKUPS } from "./translate.js";
import { header, type Routes, type Way, wayTo } from "./way.js";

export const GATE_TABLE = "netdev systole_gate";

/** Flows that one service remembers at most; later ones are chosen packet by packet. */
const MOST_FLOWS = 1_048_576;

/** As long as ip_vs: established TCP 15 minutes, UDP 5 minutes without a packet. */
const flowSeconds = (placed: PlacedService): number =>
  placed.service.id.kind === "address" && placed.service.id.protocol === "udp" ? 300 : 900;

export function directFrame(devices: readonly string[]): readonly string[] {
  const map = (name: string, key: string) => `add map ${GATE_TABLE} ${name} { type ${key} : verdict; }`;
  return [
    `add table ${GATE_TABLE}`,
    map("svc4", "ipv4_addr . inet_proto . inet_service"),
    map("svc6", "ipv6_addr . inet_proto . inet_service"),
    map("any4", "ipv4_addr . inet_proto"),
    map("any6", "ipv6_addr . inet_proto"),
    `add chain ${GATE_TABLE} choose`,
    `flush chain ${GATE_TABLE} choose`,
    ...["fib daddr type != local return", ...LOOKUPS].map((rule) => `add rule ${GATE_TABLE} choose ${rule}`),
    ...devices.flatMap((device) => {
      const chain = names.ingress(device);
      return [
        `add chain ${GATE_TABLE} ${chain} { type filter hook ingress device "${device}" priority 0; policy accept; }`,
        `flush chain ${GATE_TABLE} ${chain}`,
        `add rule ${GATE_TABLE} ${chain} jump choose`,
      ];
    }),
  ];
}

/** The rules of one service that has at least one real server to be reached directly. */
export function directService(placed: PlacedService, routes: Routes): readonly string[] {
  const service = names.service(placed);
  const reachable = placed.reals.filter(({ real }) => wayTo(placed.service, real, routes).kind !== "none");
  const { persistence } = placed.service;
  return [
    `add map ${GATE_TABLE} ${names.flows(placed)} ${flowsMap(placed)}`,
    ...(persistence ? [`add map ${GATE_TABLE} ${names.clients(placed)} ${clientsMap(placed)}`] : []),
    ...reachable.flatMap((real) => realChains(placed, real, wayTo(placed.service, real.real, routes))),
    `add chain ${GATE_TABLE} ${service}`,
    `flush chain ${GATE_TABLE} ${service}`,
    ...serviceRules(placed, reachable).map((rule) => `add rule ${GATE_TABLE} ${service} ${rule}`),
    addElement(GATE_TABLE, placed),
  ];
}

/** The objects of one service in this table. */
export function directObjects(placed: PlacedService, routes: Routes): NeededObjects {
  const reachable = placed.reals.filter(({ real }) => wayTo(placed.service, real, routes).kind !== "none");
  return {
    chains: [names.service(placed), ...reachable.flatMap((real) => [names.real(real), names.fresh(real)])],
    maps: [names.flows(placed), ...(placed.service.persistence ? [names.clients(placed)] : [])],
  };
}

function serviceRules(placed: PlacedService, reachable: readonly PlacedReal[]): readonly string[] {
  const { persistence } = placed.service;
  return [
    `meta mark set ${flowKey(placed)} map @${names.flows(placed)}`,
    ...forgetQuiesced(placed, reachable),
    `meta mark ${byMark(reachable, names.real)}`,
    ...(persistence
      ? [
          `meta mark set ${clientKey(placed, persistence)} map @${names.clients(placed)}`,
          `meta mark ${byMark(reachable, names.fresh)}`,
        ]
      : []),
    ...choiceRule(placed, reachable, names.fresh),
  ];
}

/** A connection that begins on the port of an old one does not follow it to a real server of weight 0. */
function forgetQuiesced(
  { service: { id } }: PlacedService,
  reachable: readonly PlacedReal[],
): readonly string[] {
  const quiesced = reachable.filter(({ real }) => real.weight === 0).map(({ mark }) => markText(mark));
  if (quiesced.length === 0 || id.kind !== "address" || id.protocol !== "tcp") return [];
  return [`tcp flags & (fin | syn | rst | ack) == syn meta mark { ${quiesced.join(", ")} } meta mark set 0`];
}

function realChains(placed: PlacedService, placedReal: PlacedReal, way: Way): readonly string[] {
  const { persistence } = placed.service;
  const { address } = placedReal.real.endpoint;
  const fresh = names.fresh(placedReal);
  const chain = names.real(placedReal);
  const remember = (map: string, key: string, seconds: number) =>
    `update @${map} { ${key} timeout ${seconds}s : meta mark }`;
  const rules = [
    `counter name "${chain}"`,
    `meta mark set ${markText(placedReal.mark)}`,
    remember(names.flows(placed), flowKey(placed), flowSeconds(placed)),
    ...(persistence
      ? [remember(names.clients(placed), clientKey(placed, persistence), persistence.timeoutSeconds)]
      : []),
    way.kind === "forward" ? `fwd ${header(address)} to ${address} device "${way.device}"` : "accept",
  ];
  return [
    `add counter ${GATE_TABLE} ${fresh}`,
    `add counter ${GATE_TABLE} ${chain}`,
    `add chain ${GATE_TABLE} ${chain}`,
    `flush chain ${GATE_TABLE} ${chain}`,
    ...rules.map((rule) => `add rule ${GATE_TABLE} ${chain} ${rule}`),
    `add chain ${GATE_TABLE} ${fresh}`,
    `flush chain ${GATE_TABLE} ${fresh}`,
    `add rule ${GATE_TABLE} ${fresh} counter name "${fresh}"`,
    `add rule ${GATE_TABLE} ${fresh} goto ${chain}`,
  ];
}

/**
 * Port and address of the client. Of an IPv6 address its network and its last 32 bits: the kernel's registers hold a
 * whole one and a port, but nft 1.0.6 then puts the mark on top of it (or aborts). Two clients of one network and one
 * port that differ only in between go to the same real server.
 */
const flowKey = (placed: PlacedService): string =>
  headerOf(placed) === "ip" ? "th sport . ip saddr" : "th sport . @nh,64,64 . @nh,160,32";

const flowsMap = (placed: PlacedService): string =>
  `{ typeof ${flowKey(placed)} : meta mark; size ${MOST_FLOWS}; flags dynamic,timeout; }`;
