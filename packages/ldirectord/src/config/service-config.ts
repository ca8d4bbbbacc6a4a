/** One section of ldirectord.cf with everything resolved: a virtual service, its real servers, its fallback. */
import type { VirtualService, VirtualServiceId } from "@systole/kernel";
import { type Endpoint, formatEndpoint } from "@systole/wire";
import type { CheckConfig, FallbackConfig, RealConfig, ServiceConfig } from "../core/configured.js";
import { isAlsoReal } from "../core/fallback.js";
import { serviceId } from "../core/plan.js";
import { hostAddress, isShortForm, portNumber, readVirtualAddress } from "./address.js";
import { type CheckContext, checkConfig, missingWords, ORACLE_PACKAGE } from "./check-config.js";
import { type Complaints, valueSpan } from "./complaints.js";
import { serviceOf } from "./defaults.js";
import type { GlobalSettings } from "./global.js";
import { type Place, resolveFallback, resolveReal, tableEndpoint } from "./resolved.js";
import type { ServiceName } from "./services.js";
import type { Section } from "./statement.js";
import type { Surroundings } from "./surroundings.js";
import type { SectionSettings } from "./virtual.js";

export interface VirtualConfig {
  readonly service: ServiceConfig;
  readonly settings: SectionSettings;
  readonly serviceType: ServiceName;
}

export interface SectionContext {
  readonly section: Section;
  readonly settings: SectionSettings;
  readonly globals: GlobalSettings;
  readonly complaints: Complaints;
  readonly surroundings: Surroundings;
  /** Line of each virtual service so far, by key. */
  readonly seen: Map<string, number>;
}

/** Undefined if the section has no usable virtual address; the reason has been told. */
export function virtualConfig(context: SectionContext): VirtualConfig | undefined {
  const { section, settings, globals, complaints, surroundings } = context;
  const written = readVirtualAddress(section.head.value ?? "", settings.family);
  const isMark = typeof written !== "string" && written.kind === "fwmark";
  const protocol = protocolOf(context, isMark, typeof written === "string" ? undefined : written);
  const transport = protocol === "udp" ? "udp" : "tcp";
  const writtenPort =
    typeof written === "string" || written.kind === "fwmark"
      ? undefined
      : portNumber(written.port, [transport], surroundings);
  const { family } = settings;
  const place: Place = { family, port: writtenPort, protocols: [transport], complaints, surroundings };
  const global = family === "inet" ? globals.fallback : globals.fallback6;
  // The global fallback was judged by itself: complaints about it are not repeated here.
  const fallback =
    settings.fallback !== undefined
      ? resolveFallback(settings.fallback, place)
      : global && resolveFallback(global, { ...place, complaints: silent, protocols: ["tcp", "udp"] });
  const id = identity(context, written, writtenPort, transport);
  const reals = settings.reals.flatMap((real) => resolveReal(real, place));
  if (id === undefined) return undefined;
  complainAboutDuplicate(context, id);
  const virtual = virtualService(context, id);
  const serviceType = serviceOf(settings, id.kind === "address" ? id.port : undefined);
  const check: CheckContext = {
    globals,
    section: settings,
    service: serviceType,
    virtual: id.kind === "address" ? id : undefined,
    fwmark: id.kind === "fwmark" ? id.fwmark : undefined,
    transport,
    surroundings,
  };
  // A tunnel of type ipip is what the kernel has without one.
  const tunnel = settings.tunnel?.type === "ipip" ? undefined : settings.tunnel;
  const realConfigs = reals.map(({ written: line, place: endpoint }): RealConfig => {
    const port = id.kind === "address" ? id.port : undefined;
    const configured: Endpoint = endpoint.port > 0 || port === undefined ? endpoint : { ...endpoint, port };
    const inTable = tableEndpoint(endpoint, line.forwarding, port);
    return {
      key: formatEndpoint(inTable),
      configured,
      endpoint: inTable,
      forwarding: line.forwarding,
      weight: line.weight,
      upperThreshold: line.upper,
      lowerThreshold: line.lower,
      ...(line.forwarding === "ipip" && tunnel !== undefined ? { tunnel } : {}),
      check: checkConfig(check, line, endpoint),
    };
  });
  const service: ServiceConfig = {
    key: serviceId(id),
    virtual,
    quiescent: settings.quiescent ?? globals.quiescent,
    readdQuiescent: globals.readdQuiescent,
    cleanStop: settings.cleanStop ?? globals.cleanStop,
    fallback,
    fallbackCommand: settings.fallbackCommand ?? globals.fallbackCommand,
    reals: withoutDuplicates(context, realConfigs),
  };
  adviseOnService(context, service, serviceType, fallback);
  return { service, settings, serviceType };
}

const silent: Complaints = { all: [], error: () => undefined, warn: () => {} };

type Written = Exclude<ReturnType<typeof readVirtualAddress>, string>;

/** tcp unless said otherwise; udp for a port written as 53 or domain. */
function protocolOf(
  { settings, complaints }: SectionContext,
  isMark: boolean,
  written: Written | undefined,
): "tcp" | "udp" | "fwm" {
  const said = settings.at.get("protocol");
  if (settings.protocol !== undefined && said !== undefined && written !== undefined) {
    if (isMark && settings.protocol !== "fwm") {
      complaints.error(valueSpan(said), "bad-protocol", "protocol: must be fwm for a firewall mark");
    }
    if (!isMark && settings.protocol === "fwm") {
      complaints.error(valueSpan(said), "bad-protocol", "protocol: must be tcp or udp for an address");
    }
  }
  if (isMark) return "fwm";
  if (settings.protocol === "udp" || settings.protocol === "tcp") return settings.protocol;
  return written?.kind === "address" && (written.port === "53" || written.port === "domain") ? "udp" : "tcp";
}

function identity(
  { section, settings, complaints, surroundings }: SectionContext,
  written: Written | string,
  port: number | undefined,
  protocol: "tcp" | "udp",
): VirtualServiceId | undefined {
  const { name } = section.head;
  const span = valueSpan(section.head);
  if (typeof written === "string") return complaints.error(span, "bad-virtual", `${name}: ${written}`);
  if (written.kind === "fwmark") return { kind: "fwmark", fwmark: written.fwmark, family: settings.family };
  const address = hostAddress(written.host, settings.family, surroundings);
  if (address === undefined) {
    const kind = settings.family === "inet" ? "IPv4" : "IPv6";
    return complaints.error(span, "unresolved", `${name}: "${written.host}" has no ${kind} address`);
  }
  if (port === undefined)
    return complaints.error(span, "bad-port", `${name}: "${written.port}" is not a port`);
  if (isShortForm(written.host))
    complaints.warn(span, "short-address", `${name}: "${written.host}" is read as ${address}`);
  if (written.rest !== "") complaints.warn(span, "ignored-rest", `${name}: "${written.rest}" is ignored`);
  if (port === 0 && !isPersistent(settings)) {
    return complaints.error(span, "port-zero", `${name}: port 0, all ports, needs persistent`);
  }
  return { kind: "address", protocol, address, port };
}

const isPersistent = ({ persistent }: SectionSettings): boolean => persistent !== undefined && persistent > 0;

function complainAboutDuplicate({ section, complaints, seen }: SectionContext, id: VirtualServiceId): void {
  const key = serviceId(id);
  const first = seen.get(key);
  const { line } = section.head;
  if (first === undefined) seen.set(key, line);
  else {
    const span = { line: section.endLine, column: 1, length: 1 };
    complaints.error(
      span,
      "duplicate-virtual",
      `the section of line ${line} is ${key}, as that of line ${first}`,
    );
  }
}

const FLAG_BITS: Readonly<Record<string, number>> = {
  "sh-fallback": 1,
  "mh-fallback": 1,
  "flag-1": 1,
  "sh-port": 2,
  "mh-port": 2,
  "flag-2": 2,
  "flag-3": 4,
};

function virtualService({ settings, complaints }: SectionContext, id: VirtualServiceId): VirtualService {
  const udp = id.kind === "address" && id.protocol === "udp";
  const ops = settings.at.get("ops");
  if (settings.onePacket && !udp && ops !== undefined) {
    complaints.warn(
      valueSpan(ops),
      "no-effect",
      "ops: one-packet scheduling is for udp only, and has no effect here",
    );
  }
  const engine = settings.at.get("persistenceengine");
  if (engine !== undefined && (!udp || !isPersistent(settings))) {
    const hint = "it looks at the Call-ID of SIP over UDP, and makes clients persistent by it";
    complaints.error(
      valueSpan(engine),
      "bad-engine",
      "persistenceengine: needs protocol=udp and persistent",
      hint,
    );
  }
  const most = settings.family === "inet" ? 32 : 128;
  return {
    id,
    scheduler: settings.scheduler,
    schedulerFlags: settings.schedulerFlags.reduce((bits, flag) => bits | (FLAG_BITS[flag] ?? 0), 0),
    persistence: isPersistent(settings)
      ? { timeoutSeconds: settings.persistent!, prefixLength: settings.netmask ?? most } // persistent: just asked
      : undefined,
    persistenceEngine: settings.persistenceEngine,
    onePacket: settings.onePacket && udp,
  };
}

/** The last line of a real server wins. */
function withoutDuplicates(
  { settings, section, complaints }: SectionContext,
  reals: readonly RealConfig[],
): readonly RealConfig[] {
  const byKey = new Map<string, RealConfig>();
  for (const real of reals) {
    if (byKey.delete(real.key)) {
      const span = settings.at.get(settings.family === "inet" ? "real" : "real6") ?? section.head;
      complaints.warn(span, "duplicate-real", `${real.key} stands here more than once; the last line counts`);
    }
    byKey.set(real.key, real);
  }
  return [...byKey.values()];
}

const isImpossible = (check: CheckConfig) => check.kind === "periodic" && check.spec.type === "impossible";

function adviseOnService(
  { settings, section, complaints, surroundings }: SectionContext,
  service: ServiceConfig,
  type: ServiceName,
  fallback: FallbackConfig | undefined,
): void {
  const asked = settings.checkType.kind === "negotiate" || settings.checkType.kind === "combined";
  const at = (name: string) => settings.at.get(name) ?? section.head;
  const missing = asked ? missingWords(type, settings) : undefined;
  if (missing !== undefined && service.reals.some(({ check }) => isImpossible(check)))
    complaints.warn(at("service"), "never-up", `${missing}; without, every check fails`);
  if (asked && type === "oracle" && !surroundings.hasPackage(ORACLE_PACKAGE)) {
    complaints.warn(
      at("service"),
      "no-package",
      `service oracle is not asked in its own language; a connect check is used instead`,
      `install the npm package ${ORACLE_PACKAGE} (version 6) beside ldirectord`,
    );
  }
  const http = type === "http" || type === "https" || type === "http_proxy";
  if (asked && http && settings.httpMethod === "HEAD" && settings.receive !== undefined) {
    complaints.warn(at("receive"), "never-matches", "receive never matches: the answer to HEAD has no body");
  }
  if (fallback !== undefined && isAlsoReal(service, fallback)) {
    complaints.warn(
      at("fallback"),
      "fallback-is-real",
      `the fallback ${formatEndpoint(fallback.endpoint)} is also a real server`,
    );
  }
  const command = settings.at.get("checkcommand");
  if (command !== undefined && /\s/.test(settings.checkCommand)) {
    complaints.warn(
      valueSpan(command),
      "command-arguments",
      "checkcommand: what follows the first blank is passed as arguments unless a file of this whole name exists",
    );
  }
}
