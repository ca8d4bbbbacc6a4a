/**
 * net.netfilter.nf_conntrack_max is one for all namespaces of this machine: raised for a bench, and put back when that
 * ends, however it ends. A child does it that waits for the end of a pipe, so even SIGKILL does not leave it raised.
 */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { readFileSync, writeFileSync } from "node:fs";

const LIMIT = "/proc/sys/net/netfilter/nf_conntrack_max";

/** Returns what puts the old limit back. */
export function raiseTableLimit(flows: number): () => Promise<void> {
  const before = readFileSync(LIMIT, "utf8").trim();
  const guard = spawn("sh", ["-c", `cat >/dev/null; echo ${before} >${LIMIT}`], {
    detached: true, // a signal to our group is none to it
    stdio: ["pipe", "ignore", "inherit"],
  });
  writeFileSync(LIMIT, String(flows));
  return async () => {
    guard.stdin.end();
    await once(guard, "exit");
  };
}
