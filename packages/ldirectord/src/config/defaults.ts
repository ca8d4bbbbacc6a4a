/** What follows from a section and the globals when nothing was said: service, ports, timeouts, logins. */
import type { GlobalSettings } from "./global.js";
import { portOfService, type ServiceName, serviceOfPort } from "./services.js";
import type { SectionSettings } from "./virtual.js";

const CHECK_TIMEOUT_SECONDS = 5;
const NEGOTIATE_TIMEOUT_SECONDS = 30;

/** Seconds for connect, ping and external checks. */
export const checkTimeout = (section: SectionSettings, globals: GlobalSettings): number =>
  section.checkTimeout ??
  section.negotiateTimeout ??
  globals.checkTimeout ??
  globals.negotiateTimeout ??
  CHECK_TIMEOUT_SECONDS;

/** Seconds for a whole negotiate check. */
export const negotiateTimeout = (section: SectionSettings, globals: GlobalSettings): number =>
  section.negotiateTimeout ??
  section.checkTimeout ??
  globals.negotiateTimeout ??
  globals.checkTimeout ??
  NEGOTIATE_TIMEOUT_SECONDS;

/** Seconds for a whole check of ldap, ldaps, radius: files that set only one of the two keep working. */
export const longerTimeout = (section: SectionSettings, globals: GlobalSettings): number =>
  Math.max(checkTimeout(section, globals), negotiateTimeout(section, globals));

/** The service type: as written, or what the virtual port stands for. */
export const serviceOf = (section: SectionSettings, virtualPort: number | undefined): ServiceName =>
  section.service ?? (virtualPort === undefined ? "none" : serviceOfPort(virtualPort));

/** Where a real server is asked; undefined: nowhere, so that a check can only fail. */
export function checkPort(
  section: SectionSettings,
  service: ServiceName,
  writtenPort: number | undefined,
  virtualPort: number | undefined,
): number | undefined {
  const candidates = [section.checkPort, writtenPort, portOfService(service), virtualPort];
  return candidates.find((port) => port !== undefined && port > 0);
}

/** Login and password where nothing was said. */
export function credentials(
  section: SectionSettings,
  service: ServiceName,
  hostName: string,
): { readonly login: string; readonly password: string } {
  const address = `ldirectord@${hostName}`;
  const login = service === "ftp" ? "anonymous" : service === "sip" ? address : "";
  return { login: section.login ?? login, password: section.password ?? (service === "ftp" ? address : "") };
}
