/** The lines that scripts have read for twenty years, one function each. Wording is a contract (pinned by a test). */
import type { VirtualServiceId } from "@systole/kernel";
import { type Endpoint, formatEndpoint } from "@systole/wire";
import type { FallbackConfig, RealConfig, ServiceConfig } from "./core/configured.js";

/** `192.0.2.10:80`, or the firewall mark. */
export const virtualText = (id: VirtualServiceId): string =>
  id.kind === "fwmark" ? String(id.fwmark) : formatEndpoint(id);

interface Mapped {
  readonly configured: Endpoint;
  readonly endpoint: Endpoint;
}

/** As the table has it, and from what it was mapped if that differs. */
function mappedText({ configured, endpoint }: Mapped): string {
  const [inTable, written] = [formatEndpoint(endpoint), formatEndpoint(configured)];
  return inTable === written ? inTable : `${inTable} mapped from ${written}`;
}

const of = ({ virtual }: ServiceConfig): string => `(${virtualText(virtual.id)})`;

export const invoked = (program: string, args: readonly string[]): string =>
  `Invoking ldirectord invoked as: ${[program, ...args].join(" ")} `;
export const starting = (version: string, pid: number | undefined): string =>
  `Starting Systole ldirectord ${version} ${pid === undefined ? "as daemon" : `with pid: ${pid}`}`;
/** How a command ended; a code of 0 is not told. */
export const exiting = (code: number, text: string): string =>
  code === 0 ? text : `Exiting with exit_status ${code}: ${text}`;
export const terminated = (signal: string): string => `Linux Director Daemon terminated on signal: ${signal}`;
export const reloading = (): string => "Reloading Linux Director Daemon config on signal";
export const changedOnDisk = (path: string): string => `Configuration file '${path}' has changed on disk`;
export const reread = (): string => " - reread new configuration";
export const ignored = (): string => " - ignore new configuration";

export const addedVirtual = (service: ServiceConfig): string =>
  `Added virtual server: ${virtualText(service.virtual.id)}`;
export const changedVirtual = (service: ServiceConfig): string =>
  `Changed virtual server: ${virtualText(service.virtual.id)}`;
export const purgedVirtual = (service: ServiceConfig, when: "start" | "stop"): string =>
  `Purged virtual server (${when}): ${virtualText(service.virtual.id)}`;

export const addedReal = (service: ServiceConfig, real: RealConfig): string =>
  `Added real server: ${formatEndpoint(real.configured)} ${of(service)} (Weight set to ${real.weight})`;
export const restoredReal = (service: ServiceConfig, real: RealConfig): string =>
  `Restored real server: ${mappedText(real)} ${of(service)} (Weight set to ${real.weight})`;
export const quiescedReal = (service: ServiceConfig, real: RealConfig): string =>
  `Quiescent real server: ${mappedText(real)} ${of(service)} (Weight set to 0)`;
export const readdedReal = (service: ServiceConfig, real: RealConfig): string =>
  `Readd Quiescent real server: ${mappedText(real)} ${of(service)} (Weight set to 0)`;
export const deletedReal = (service: ServiceConfig, real: RealConfig): string =>
  `Deleted real server: ${mappedText(real)} ${of(service)}`;
export const purgedReal = (service: ServiceConfig, endpoint: Endpoint, when: "start" | "stop"): string =>
  `Purged real server (${when}): ${formatEndpoint(endpoint)} ${of(service)}`;

export const addedFallback = (service: ServiceConfig, fallback: FallbackConfig): string =>
  `Added fallback server: ${mappedText(fallback)} ${of(service)} (Weight set to 1)`;
export const restoredFallback = (service: ServiceConfig, fallback: FallbackConfig): string =>
  `Restored fallback server: ${mappedText(fallback)} ${of(service)} (Weight set to 1)`;
export const deletedFallback = (service: ServiceConfig, fallback: FallbackConfig): string =>
  `Deleted fallback server: ${mappedText(fallback)} ${of(service)}`;

export const softFailure = (
  service: ServiceConfig,
  real: RealConfig,
  failures: number,
  limit: number,
): string =>
  `Soft failure real server: ${formatEndpoint(real.configured)} (${service.key}) failure ${failures}/${limit}`;
export const softReset = (service: ServiceConfig, real: RealConfig): string =>
  `Resetting soft failure count: ${formatEndpoint(real.configured)} (${service.key})`;

export const inaccessibleReal = (service: ServiceConfig, real: RealConfig): string =>
  `Inaccessible real server: ${mappedText(real)} ${of(service)}`;
export const mailFailed = (): string => "failed to send email message";
export const smtpMailFailed = (): string => "failed to send SMTP email message";

export const running = (path: string, pid: number): string =>
  `ldirectord for ${path} is running with pid: ${pid}`;
export const startedAlready = (path: string): string => `ldirectord for ${path} is running already`;
export const stopped = (path: string): string => `ldirectord is stopped for ${path}`;
export const stale = (pidFile: string, path: string): string =>
  `ldirectord stale pid file ${pidFile} for ${path}`;
export const notFound = (name: string): string => `Config file ${name} not found`;
/** `Error [123] reading file /etc/ha.d/ldirectord.cf at line 4: TEXT`; without a line nothing is said of the file. */
export const complaint = (
  level: "Error" | "Warning",
  pid: number,
  place: { readonly path: string; readonly line: number | undefined },
  text: string,
): string =>
  `${level} [${pid}]${place.line === undefined ? "" : ` reading file ${place.path} at line ${place.line}`}: ${text}`;

const DAYS = ["Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"];
const MONTHS = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];

/** `Fri Nov 20 10:04:49 2026`, local time, C locale. */
export function stamp(atMs: number): string {
  const at = new Date(atMs);
  const two = (value: number) => String(value).padStart(2, "0");
  const day = String(at.getDate()).padStart(2);
  const time = `${two(at.getHours())}:${two(at.getMinutes())}:${two(at.getSeconds())}`;
  return `${DAYS[at.getDay()]} ${MONTHS[at.getMonth()]} ${day} ${time} ${at.getFullYear()}`;
}

export const fileLine = (atMs: number, name: string, pid: number, message: string): string =>
  `[${stamp(atMs)}|${name}|${pid}] ${message}`;
export const supervisedLine = (atMs: number, message: string): string => `[${stamp(atMs)}] ${message}`;
