/** What is said of a connection that failed, and whether it says anything about the server. */
import type { Call } from "./conversation.js";

export const placeName = ({ host, port }: Pick<Call, "host" | "port">): string =>
  `${host.includes(":") ? `[${host}]` : host}:${port}`;

/** By the name that the kernel has for it. */
const PROBLEMS: Readonly<Record<string, string>> = {
  ECONNREFUSED: "refused the connection",
  ECONNRESET: "reset the connection",
  EHOSTUNREACH: "is unreachable (no route to host)",
  ENETUNREACH: "is unreachable (no route to its network)",
  ETIMEDOUT: "did not answer",
  EPIPE: "closed the connection",
  ENOTFOUND: "has no address",
};

/** Nothing of this says anything about the server. */
const OURS: ReadonlySet<string> = new Set(["EMFILE", "ENFILE", "ENOBUFS", "ENOMEM", "EADDRNOTAVAIL"]);

const codeOf = (error: Error): string =>
  "code" in error && typeof error.code === "string" ? error.code : "";

export const isOurs = (error: Error): boolean => OURS.has(codeOf(error));

export function problemOf(error: Error, place: string): string {
  const code = codeOf(error);
  if ("reason" in error && typeof error.reason === "string") return `${place}: TLS: ${error.reason}`;
  const known = PROBLEMS[code];
  return known === undefined ? `${place}: ${error.message}` : `${place} ${known}`;
}
