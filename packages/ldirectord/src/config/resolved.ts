/** Written places become endpoints: fallbacks and real servers of one section. */
import type { Forwarding } from "@systole/kernel";
import { type Endpoint, type Family, type IpAddress, ipBytes, ipv4FromBytes, isIpv4 } from "@systole/wire";
import type { FallbackConfig } from "../core/configured.js";
import { hostAddress, isShortForm, portNumber } from "./address.js";
import { type Complaints, valueSpan } from "./complaints.js";
import type { WrittenFallback } from "./global.js";
import type { Surroundings } from "./surroundings.js";
import type { WrittenReal } from "./virtual.js";

/** What the places of a section depend on. */
export interface Place {
  readonly family: Family;
  /** Undefined for a firewall mark, which has no port. */
  readonly port: number | undefined;
  readonly protocols: readonly ("tcp" | "udp")[];
  readonly complaints: Complaints;
  readonly surroundings: Surroundings;
}

/** A range may not be longer than this. */
const LONGEST_RANGE = 65_536;

/** ip_vs gives real servers of gate and ipip the port of the service; a firewall mark has none to give. */
export function tableEndpoint(written: Endpoint, forwarding: Forwarding, port: number | undefined): Endpoint {
  if (port === undefined) return written;
  return forwarding === "masq" && written.port > 0 ? written : { ...written, port };
}

export interface ResolvedReal {
  readonly written: WrittenReal;
  /** Port as written, 0 if none was. */
  readonly place: Endpoint;
}

/** The real servers of one `real=` line: one, or those of a range. */
export function resolveReal(written: WrittenReal, where: Place): readonly ResolvedReal[] {
  const { complaints, surroundings } = where;
  const span = valueSpan(written.statement);
  const { name } = written.statement;
  const first = resolveHost(written.host, written.statement, where);
  const last =
    written.lastHost === undefined ? first : resolveHost(written.lastHost, written.statement, where);
  const port = written.port === undefined ? 0 : portNumber(written.port, ["tcp", "udp"], surroundings);
  if (port === undefined) complaints.error(span, "bad-port", `${name}: "${written.port}" is not a port`);
  if (first === undefined || last === undefined || port === undefined) return [];
  const addresses = first === last ? [first] : rangeOf(first, last);
  if (addresses === undefined) {
    complaints.error(
      span,
      "bad-range",
      `${name}: ${first}->${last} runs backwards or is longer than ${LONGEST_RANGE}`,
    );
    return [];
  }
  return addresses.map((address) => ({ written, place: { address, port } }));
}

function resolveHost(host: string, statement: WrittenReal["statement"], where: Place): IpAddress | undefined {
  const { family, complaints, surroundings } = where;
  const address = hostAddress(host, family, surroundings);
  const span = valueSpan(statement);
  if (address === undefined) {
    const kind = family === "inet" ? "IPv4" : "IPv6";
    return complaints.error(span, "unresolved", `${statement.name}: "${host}" has no ${kind} address`);
  }
  if (isShortForm(host))
    complaints.warn(span, "short-address", `${statement.name}: "${host}" is read as ${address}`);
  return address;
}

function rangeOf(first: IpAddress, last: IpAddress): readonly IpAddress[] | undefined {
  if (!isIpv4(first) || !isIpv4(last)) return undefined;
  const number = (address: IpAddress) => new DataView(ipBytes(address).buffer).getUint32(0);
  const count = number(last) - number(first) + 1;
  if (count < 1 || count > LONGEST_RANGE) return undefined;
  return Array.from({ length: count }, (_, index) => {
    const bytes = new DataView(new ArrayBuffer(4));
    bytes.setUint32(0, number(first) + index);
    return ipv4FromBytes(new Uint8Array(bytes.buffer));
  });
}

/** Undefined, with a complaint, if it has no address or its port has no number. */
export function resolveFallback(written: WrittenFallback, where: Place): FallbackConfig | undefined {
  const { complaints, surroundings, family } = where;
  const { statement, forwarding } = written;
  const span = valueSpan(statement);
  const host = written.host ?? (family === "inet" ? "127.0.0.1" : "[::1]");
  const address = hostAddress(host, family, surroundings);
  if (address === undefined) {
    const kind = family === "inet" ? "IPv4" : "IPv6";
    return complaints.error(span, "unresolved", `${statement.name}: "${host}" has no ${kind} address`);
  }
  const port = written.port === undefined ? 0 : portNumber(written.port, where.protocols, surroundings);
  if (port === undefined)
    return complaints.error(span, "bad-port", `${statement.name}: "${written.port}" is not a port`);
  const configured = { address, port: written.port === undefined ? (where.port ?? 0) : port };
  return { configured, endpoint: tableEndpoint(configured, forwarding, where.port), forwarding };
}
