/** What ldirectord.cf is judged against besides its own text: names, services, files. Handed in: parsing is pure. */
import type { Family, IpAddress } from "@systole/wire";

export interface Surroundings {
  /** The first address of a host name in this family; undefined if it has none. Numbers never come here. */
  address(name: string, family: Family): IpAddress | undefined;
  /** The port of a service name. */
  port(name: string, protocol: "tcp" | "udp"): number | undefined;
  /** Why this file cannot be appended to; undefined if it can. */
  unwritable(path: string): string | undefined;
  isDirectory(path: string): boolean;
  isFile(path: string): boolean;
  /** Whether a package that is not installed with us is there. */
  hasPackage(name: string): boolean;
  /** `HOSTNAME` or the node's name: part of default logins. */
  readonly hostName: string;
}
