/**
 * net.netfilter.nf_conntrack_events: 1, or some flows are never heard of again.
 *
 * With 2, the default of newer kernels, a flow that is born while nobody listens (we are being restarted, or were
 * killed) tells nothing for the rest of its life: the peer would keep it long after its end. 0 is silence.
 */
import { readFileSync, writeFileSync } from "node:fs";

const SETTING = "/proc/sys/net/netfilter/nf_conntrack_events";

/** Sets it if we may. @returns why flows will be missed, or undefined. */
export function reportAllFlows(setting = SETTING): string | undefined {
  let value = "";
  try {
    value = readFileSync(setting, "utf8").trim();
    if (value !== "1") writeFileSync(setting, "1\n");
    return undefined;
  } catch (error) {
    const problem = error instanceof Error ? error.message : String(error);
    const which =
      value === "0"
        ? "no flows are reported"
        : "flows that begin while ctsyncd does not run are not reported";
    return `net.netfilter.nf_conntrack_events cannot be set to 1, ${which}: ${problem}`;
  }
}
