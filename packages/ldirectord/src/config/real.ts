/** The values of `real=` and `fallback=`, names not yet resolved. */
import type { Forwarding } from "@systole/kernel";

export interface RealLine {
  readonly host: string;
  /** End of a range of addresses. */
  readonly lastHost: string | undefined;
  readonly port: string | undefined;
  readonly forwarding: Forwarding;
  readonly weight: number;
  readonly lower: number;
  readonly upper: number;
  readonly request: string | undefined;
  readonly receive: string | undefined;
}

export interface FallbackLine {
  /** Undefined: nothing was written. */
  readonly host: string | undefined;
  readonly port: string | undefined;
  readonly forwarding: Forwarding;
}

const FORWARDINGS: readonly Forwarding[] = ["gate", "masq", "ipip"];
const forwardingOf = (word: string): Forwarding | undefined => FORWARDINGS.find((name) => name === word);
const FORWARDING_PROBLEM = "the forwarding method must be gate, masq or ipip";

interface HostPort {
  readonly host: string;
  readonly port: string | undefined;
}

/** `HOST[:PORT]` or `[v6][:PORT]`. */
function readHostPort(text: string): HostPort | undefined {
  const parts = /^(\[[^\]]*\]|[A-Za-z0-9._+-]+)(?::([A-Za-z0-9_-]+))?$/.exec(text);
  return parts === null ? undefined : { host: parts[1]!, port: parts[2] };
}

/** `HOST[->HOST2][:PORT] FORWARD [WEIGHT] [l:N] [u:N] ["REQUEST", "RECEIVE"]`; a problem as text if it is not. */
export function readReal(value: string): RealLine | string {
  const head = /^(\S+)\s+(\S*)(.*)$/.exec(value);
  if (head === null) return "write HOST:PORT and a forwarding method: gate, masq or ipip";
  const forwarding = forwardingOf(head[2]!);
  if (forwarding === undefined) return `"${head[2]!}": ${FORWARDING_PROBLEM}`;
  const place = readPlace(head[1]!);
  if (typeof place === "string") return place;
  const options = readOptions(head[3]!);
  if (typeof options === "string") return options;
  if (options.lower > 0 && options.lower > options.upper) {
    return `the lower threshold ${options.lower} is above the upper one, ${options.upper}`;
  }
  return { ...place, forwarding, ...options };
}

function readPlace(text: string): Pick<RealLine, "host" | "lastHost" | "port"> | string {
  const [first, second, ...more] = text.split("->");
  const from = readHostPort(first!);
  if (from === undefined || more.length > 0) return `"${text}" is not HOST:PORT`;
  if (second === undefined) return { ...from, lastHost: undefined };
  const to = readHostPort(second);
  if (to === undefined) return `"${text}" is not a range FIRST->LAST:PORT`;
  if (from.port !== undefined && to.port !== undefined && from.port !== to.port) {
    return `the two ports of the range differ: ${from.port} and ${to.port}`;
  }
  if (from.host.startsWith("[") || to.host.startsWith("["))
    return "ranges of IPv6 addresses are not supported";
  return { host: from.host, lastHost: to.host, port: to.port ?? from.port };
}

type RealOptions = Pick<RealLine, "weight" | "lower" | "upper" | "request" | "receive">;

function readOptions(text: string): RealOptions | string {
  const open = text.indexOf('"');
  const close = text.lastIndexOf('"');
  const quoted = open === -1 ? undefined : text.slice(open + 1, Math.max(open + 1, close));
  const around = open === -1 ? text : `${text.slice(0, open)} ${text.slice(close + 1)}`;
  const numbers = readNumbers(around, open === -1 ? text : text.slice(0, open));
  if (typeof numbers === "string") return numbers;
  if (quoted === undefined) return { ...numbers, request: undefined, receive: undefined };
  const strings = quoted.split(/"[, ]\s*"/);
  if (strings.length !== 2) return `write two strings, "REQUEST", "RECEIVE", not ${strings.length}`;
  return { ...numbers, request: strings[0]!, receive: strings[1]! };
}

/** Weight first, then thresholds in any order. */
function readNumbers(
  text: string,
  beforeStrings: string,
): Pick<RealLine, "weight" | "lower" | "upper"> | string {
  const found = { weight: 1, lower: 0, upper: 0 };
  const weightPlace = /^\s*\d+(?=\s|$)/.test(beforeStrings) ? 0 : -1;
  for (const [index, word] of text.split(/\s+/).filter(Boolean).entries()) {
    const threshold = /^([lu]):(\d+)$/.exec(word);
    if (/^\d+$/.test(word) && index === weightPlace) found.weight = Number(word);
    else if (threshold !== null) found[threshold[1] === "l" ? "lower" : "upper"] = Number(threshold[2]);
    else return `"${word}" is no weight, threshold or pair of strings`;
  }
  return found;
}

/** `HOST[:PORT] [gate|masq|ipip]`; a problem as text if it is not. */
export function readFallback(value: string): FallbackLine | string {
  const [place, method = "gate", ...rest] = value.trim().split(/\s+/).filter(Boolean);
  const forwarding = rest.length > 0 ? undefined : forwardingOf(method);
  if (forwarding === undefined) return `"${[method, ...rest].join(" ")}": ${FORWARDING_PROBLEM}`;
  if (place === undefined) return { host: undefined, port: undefined, forwarding };
  const parts = readHostPort(place);
  return parts === undefined ? `"${place}" is not HOST:PORT` : { ...parts, forwarding };
}
