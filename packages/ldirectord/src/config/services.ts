/** Service types, and the port each of them has. */
// biome-ignore format: a list of words
export const SERVICES = [
  "dns", "ftp", "http", "https", "http_proxy", "imap", "imaps", "ldap", "ldaps", "mysql", "nntp", "none",
  "oracle", "pgsql", "pop", "pops", "radius", "simpletcp", "sip", "smtp", "submission",
] as const;

export type ServiceName = (typeof SERVICES)[number];

const PORTS: readonly (readonly [number, ServiceName])[] = [
  [21, "ftp"],
  [25, "smtp"],
  [53, "dns"],
  [80, "http"],
  [110, "pop"],
  [119, "nntp"],
  [143, "imap"],
  [389, "ldap"],
  [443, "https"],
  [587, "submission"],
  [636, "ldaps"],
  [993, "imaps"],
  [995, "pops"],
  [1521, "oracle"],
  [1812, "radius"],
  [3128, "http_proxy"],
  [3306, "mysql"],
  [5060, "sip"],
  [5432, "pgsql"],
];

/** The service that a virtual port stands for; `none` for all others. */
export const serviceOfPort = (port: number): ServiceName =>
  PORTS.find(([each]) => each === port)?.[1] ?? "none";

export const portOfService = (service: ServiceName): number | undefined =>
  PORTS.find(([, each]) => each === service)?.[0];
