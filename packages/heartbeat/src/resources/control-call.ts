/** How a resource asks another daemon: one verb on its control socket. */
import { ResourceError } from "./resource.js";

/**
 * @param daemon whose control socket: `ldirectord`, `ctsyncd`.
 * @throws ResourceError `control` if it refuses; one whose cause has a code of `ABSENT` if nobody listens there.
 */
export type ControlCall = (
  daemon: string,
  verb: string,
  args: Readonly<Record<string, unknown>>,
  signal: AbortSignal,
) => Promise<unknown>;

/** What connecting to a Unix socket says when nobody listens. */
const ABSENT = new Set<unknown>(["ENOENT", "ECONNREFUSED"]);

/** Is the daemon not there at all, as opposed to refusing? */
export function isAbsent(error: unknown): boolean {
  if (!(error instanceof ResourceError) || error.code !== "control") return false;
  const { cause } = error;
  return cause instanceof Error && "code" in cause && ABSENT.has(cause.code);
}
