/** The table and its changes as ipvsadm writes them: the words of the behaviour vectors. */
import type {
  BalancerChange,
  BalancerTable,
  Forwarding,
  RealServer,
  VirtualService,
  VirtualServiceId,
} from "@systole/kernel";
import { type Endpoint, formatEndpoint, parseEndpoint } from "@systole/wire";

const LETTER: Readonly<Record<string, string>> = { gate: "-g", masq: "-m", ipip: "-i" };
const WORD: Readonly<Record<string, string>> = { gate: "Route", masq: "Masq", ipip: "Tunnel" };

const serviceText = (id: VirtualServiceId): string =>
  id.kind === "fwmark"
    ? `-f ${id.fwmark}${id.family === "inet6" ? " -6" : ""}`
    : `-${id.protocol[0]} ${formatEndpoint(id)}`;

const realText = (endpoint: Endpoint): string => formatEndpoint(endpoint);

/** `-e -t V -r R -g -w 0`; thresholds only where the original writes them, with a weight of its own. */
export function callText(change: BalancerChange): string {
  switch (change.type) {
    case "add-service":
    case "change-service":
      return `${change.type === "add-service" ? "-A" : "-E"} ${serviceText(change.service.id)}`;
    case "remove-service":
      return `-D ${serviceText(change.id)}`;
    case "remove-real":
      return `-d ${serviceText(change.id)} -r ${realText(change.real)}`;
    case "add-real":
    case "change-real":
      return `${change.type === "add-real" ? "-a" : "-e"} ${serviceText(change.id)} -r ${realText(change.real.endpoint)} ${LETTER[change.real.forwarding]} -w ${change.real.weight}`;
  }
}

/** The same of a recorded call: scheduler, persistence and thresholds left out. */
export const normalCall = (call: string): string =>
  call
    .replace(/ +=> exit \d+$/, "")
    .replace(/ -x \d+ -y \d+/, "")
    .replace(/ -o/, "")
    .replace(/ -s \w+/, "")
    .replace(/ -p \d+( -M \S+)?/, "")
    .replace(/ -b \S+/, "");

/** In the order that `ipvsadm -L` prints: services by protocol and address, real servers by address. */
export function tableText(table: BalancerTable): readonly string[] {
  const lines = table.map(({ service, reals }) => ({
    head: headText(service),
    reals: reals
      .map(
        (real) =>
          `  ${realText(real.endpoint)} ${WORD[real.forwarding]} ${real.weight}${thresholdText(real)}`,
      )
      .sort(),
  }));
  return lines.sort((a, b) => (a.head < b.head ? -1 : 1)).flatMap(({ head, reals }) => [head, ...reals]);
}

/** Services and real servers of a recorded table in the same order. */
export function sortedTable(lines: readonly string[]): readonly string[] {
  const groups: string[][] = [];
  for (const line of lines) {
    if (line.startsWith("  ")) groups.at(-1)?.push(line);
    else groups.push([line]);
  }
  return groups
    .map(([head = "", ...reals]) => [head, ...reals.sort()])
    .sort(([a = ""], [b = ""]) => (a < b ? -1 : 1))
    .flat();
}

function headText({ id, scheduler, persistence, onePacket }: VirtualService): string {
  const name =
    id.kind === "fwmark"
      ? `FWM ${id.fwmark}${id.family === "inet6" ? " IPv6" : ""}`
      : `${id.protocol.toUpperCase()} ${formatEndpoint(id)}`;
  return `${name} ${scheduler}${persistenceText(id, persistence)}${onePacket ? " ops" : ""}`;
}

const thresholdText = ({ upperThreshold, lowerThreshold }: RealServer): string =>
  `${upperThreshold > 0 ? ` u:${upperThreshold}` : ""}${lowerThreshold > 0 ? ` l:${lowerThreshold}` : ""}`;

/** A command that an administrator types: `-A`, `-a`, `-e`, `-d`, `-D` with the options that the vectors use. */
export function readCall(call: string): BalancerChange {
  const words = call.split(" ");
  const option = (name: string) => (words.includes(name) ? words[words.indexOf(name) + 1] : undefined);
  const protocol = words.includes("-u") ? "udp" : "tcp";
  const place = parseEndpoint(option("-t") ?? option("-u") ?? "")!;
  const id: VirtualServiceId = { kind: "address", protocol, ...place };
  const persistent = option("-p");
  const service: VirtualService = {
    id,
    scheduler: option("-s") ?? "wlc",
    schedulerFlags: 0,
    persistence:
      persistent === undefined ? undefined : { timeoutSeconds: Number(persistent), prefixLength: 32 },
    persistenceEngine: undefined,
    onePacket: false,
  };
  const endpoint = parseEndpoint(option("-r") ?? "");
  const forwarding =
    (["gate", "masq", "ipip"] as const).find((name) => words.includes(LETTER[name]!)) ??
    ("gate" satisfies Forwarding);
  const real: RealServer = {
    endpoint: endpoint!,
    forwarding,
    weight: Number(option("-w") ?? 1),
    upperThreshold: 0,
    lowerThreshold: 0,
  };
  switch (words[0]) {
    case "-A":
      return { type: "add-service", service };
    case "-D":
      return { type: "remove-service", id };
    case "-a":
      return { type: "add-real", id, real };
    case "-e":
      return { type: "change-real", id, real };
    case "-d":
      return { type: "remove-real", id, real: endpoint! };
  }
  throw new Error(`not a command of the vectors: ${call}`);
}

/** The mask only when it is not all ones. */
function persistenceText(id: VirtualServiceId, persistence: VirtualService["persistence"]): string {
  if (persistence === undefined) return "";
  const v6 = id.kind === "fwmark" ? id.family === "inet6" : id.address.includes(":");
  const mask = persistence.prefixLength === (v6 ? 128 : 32) ? "" : ` mask ${persistence.prefixLength}`;
  return ` persistent ${persistence.timeoutSeconds}${mask}`;
}
