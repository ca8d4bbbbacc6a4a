/** From the directives of a section to the check of one real server. */
import { milliseconds, seconds } from "@systole/machine";
import { type Endpoint, isIpv6 } from "@systole/wire";
import type { CheckConfig, CheckSpec, NegotiateSpec } from "../core/configured.js";
import { checkPort, checkTimeout, credentials, longerTimeout, negotiateTimeout } from "./defaults.js";
import type { GlobalSettings } from "./global.js";
import type { ServiceName } from "./services.js";
import { tlsSettings } from "./ssl.js";
import type { Surroundings } from "./surroundings.js";
import type { SectionSettings, WrittenReal } from "./virtual.js";

export interface CheckContext {
  readonly globals: GlobalSettings;
  readonly section: SectionSettings;
  readonly service: ServiceName;
  /** Undefined for a firewall mark. */
  readonly virtual: Endpoint | undefined;
  readonly fwmark: number | undefined;
  readonly transport: "tcp" | "udp";
  readonly surroundings: Surroundings;
}

/** The package that speaks Oracle's language; without it a connect check stands in. */
export const ORACLE_PACKAGE = "oracledb";

/** Why a negotiate check can only fail; undefined if it can also succeed. */
export function missingWords(service: ServiceName, section: SectionSettings): string | undefined {
  const needed: readonly (keyof SectionSettings)[] =
    service === "mysql" || service === "pgsql" || service === "oracle"
      ? ["login", "request"]
      : service === "radius"
        ? ["login", "secret"]
        : [];
  const missing = needed.filter((name) => section[name] === undefined);
  return missing.length === 0 ? undefined : `service ${service} needs ${missing.join(" and ")}`;
}

/** @param place address of the real server with the port as written, 0 if none was */
export function checkConfig(context: CheckContext, written: WrittenReal, place: Endpoint): CheckConfig {
  const { section, globals, service } = context;
  const { checkType } = section;
  if (checkType.kind === "on" || (checkType.kind === "negotiate" && service === "none"))
    return { kind: "always" };
  if (checkType.kind === "off") return { kind: "never" };
  const port = checkPort(section, service, place.port, context.virtual?.port);
  const target = port === undefined ? undefined : { address: place.address, port };
  const connect = connectSpec(context, target);
  const spec = specOf(context, written, place, target, connect);
  const combined = checkType.kind === "combined" && service !== "none";
  return {
    kind: "periodic",
    interval: seconds(section.checkInterval ?? globals.checkInterval),
    failureCount: section.failureCount ?? globals.failureCount,
    successCount: section.successCount ?? globals.successCount,
    spec,
    ...(combined ? { between: { spec: connect, count: checkType.connects } } : {}),
    ...(globals.maintenanceDirectory === undefined
      ? {}
      : { maintenance: { directory: globals.maintenanceDirectory, ...realPlace(context, place) } }),
  };
}

const realPlace = ({ virtual }: CheckContext, place: Endpoint): Endpoint => ({
  ...place,
  port: place.port > 0 ? place.port : (virtual?.port ?? 0),
});

function specOf(
  context: CheckContext,
  written: WrittenReal,
  place: Endpoint,
  target: Endpoint | undefined,
  connect: CheckSpec,
): CheckSpec {
  const { section, service } = context;
  switch (section.checkType.kind) {
    case "connect":
      return connect;
    case "ping":
      return pingSpec(context, place);
    case "external":
    case "external-perl":
      return externalSpec(context, place);
    case "negotiate":
    case "combined":
    case "on":
    case "off":
      return negotiateSpec(context, written, service, target) ?? connect;
  }
}

function connectSpec(context: CheckContext, target: Endpoint | undefined): CheckSpec {
  if (target === undefined)
    return { type: "impossible", reason: "there is no port to connect to; set checkport" };
  if (context.transport === "udp") return pingSpec(context, target);
  return { type: "connect", target, limit: seconds(checkTimeout(context.section, context.globals)) };
}

function pingSpec({ section, globals }: CheckContext, { address }: Endpoint): CheckSpec {
  const tries = section.checkCount ?? globals.checkCount;
  return {
    type: "ping",
    address,
    tries,
    limit: milliseconds(seconds(checkTimeout(section, globals)) * tries),
  };
}

function externalSpec(
  { section, globals, virtual, fwmark, surroundings }: CheckContext,
  place: Endpoint,
): CheckSpec {
  const { checkCommand, checkType } = section;
  const words = surroundings.isFile(checkCommand)
    ? [checkCommand]
    : checkCommand.split(/\s+/).filter(Boolean);
  const command = checkType.kind === "external-perl" ? ["perl", ...words] : words;
  const text = ({ address }: Endpoint) => (isIpv6(address) ? `[${address}]` : address);
  const first = virtual === undefined ? String(fwmark ?? 0) : text(virtual);
  const port = place.port > 0 ? place.port : (virtual?.port ?? 0);
  const args = [first, String(virtual?.port ?? 0), text(place), String(port)];
  return { type: "external", command, args, limit: seconds(checkTimeout(section, globals)) };
}

function negotiateSpec(
  context: CheckContext,
  written: WrittenReal,
  service: ServiceName,
  target: Endpoint | undefined,
): CheckSpec | undefined {
  const { section, globals, transport, surroundings } = context;
  if (service === "none" || target === undefined) return undefined;
  if (service === "oracle" && !surroundings.hasPackage(ORACLE_PACKAGE)) return undefined;
  const missing = missingWords(service, section);
  // The request of an SQL service may also stand in the real= line.
  if (missing !== undefined && !(missing.endsWith("needs request") && written.request !== undefined))
    return { type: "impossible", reason: missing };
  // The pair of a real= line replaces both strings of the section, also when one of them is empty.
  const pair = written.request !== undefined;
  const receive = pair ? written.receive : section.receive;
  const spec: NegotiateSpec = {
    type: "negotiate",
    service,
    transport,
    target,
    limit: seconds(
      LDAP_OR_RADIUS.has(service) ? longerTimeout(section, globals) : negotiateTimeout(section, globals),
    ),
    request: pair ? written.request : section.request,
    receive: receive === "" ? undefined : receive,
    virtualHost: section.virtualHost === "" ? undefined : section.virtualHost,
    method: section.httpMethod,
    ...credentials(section, service, surroundings.hostName),
    database: section.database ?? "",
    secret: section.secret ?? "",
    tls: tlsSettings(section.ssl, globals.ssl),
    redirects: section.httpRedirects ?? globals.httpRedirects,
  };
  return spec;
}

const LDAP_OR_RADIUS: ReadonlySet<ServiceName> = new Set(["ldap", "ldaps", "radius"]);
