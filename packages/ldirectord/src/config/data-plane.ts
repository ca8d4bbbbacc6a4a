/** Directives of ours for what ip_vs can and the original's file cannot say: `tunnel`, `persistenceengine`. */
import type { RealServer } from "@systole/kernel";
import { valueSpan } from "./complaints.js";
import type { Reading } from "./values.js";

export type Tunnel = NonNullable<RealServer["tunnel"]>;

/** IP_VS_TUNNEL_ENCAP_FLAG_*, include/uapi/linux/ip_vs.h. */
const CHECKSUMS = { nocsum: 0, csum: 1, remcsum: 2 } as const;
const isChecksum = (word: string): word is keyof typeof CHECKSUMS => Object.hasOwn(CHECKSUMS, word);

/** `ipip`, `gue PORT [nocsum|csum|remcsum]`, `gre [nocsum|csum]`. */
export function readTunnel({ statement, value, complaints }: Reading): Tunnel | undefined {
  const [type = "", ...rest] = value.trim().split(/\s+/);
  const refuse = (problem: string, hint: string) =>
    complaints.error(valueSpan(statement), "bad-tunnel", `tunnel: ${problem}`, hint);
  const usage = "write ipip, gue PORT or gre; behind gue and gre also csum";
  if (type !== "ipip" && type !== "gue" && type !== "gre") return refuse(`"${type}" is no tunnel`, usage);
  const port = type === "gue" ? Number(/^\d{1,5}$/.exec(rest.shift() ?? "")?.[0] ?? 0) : 0;
  if (type === "gue" && (port < 1 || port > 65_535)) return refuse("gue needs a port from 1 to 65535", usage);
  const checksum = rest.shift() ?? "nocsum";
  const known = isChecksum(checksum) && (type === "gue" || checksum !== "remcsum");
  if (!known || rest.length > 0 || (type === "ipip" && checksum !== "nocsum"))
    return refuse(`"${[checksum, ...rest].join(" ")}" does not go with ${type}`, usage);
  return { type, port, flags: CHECKSUMS[checksum] };
}

/** The engines of the kernel: `sip`. */
export function readEngine({ statement, value, complaints }: Reading): string | undefined {
  const engine = value.trim();
  if (engine === "sip") return engine;
  return complaints.error(valueSpan(statement), "bad-word", `persistenceengine: "${engine}" is not sip`);
}
