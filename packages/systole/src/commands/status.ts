/** `systole status`: nodes, VIPs, services, real servers, and why one is down. */
import type { Command } from "@systole/daemon";
import { clusterOf } from "../cluster.js";
import { directors } from "../directors.js";
import { HEALTH_EXIT, overallHealth } from "../health.js";
import { statusView } from "../status-view.js";

export const statusCommand = (root: string): Command => ({
  name: "status",
  summary:
    "nodes, VIPs, services, real servers, and why one is down; exit 0 ok, 1 degraded, 2 critical, 3 unknown",
  options: {
    transcripts: { type: "boolean", short: "t", help: "also what was said when a check failed" },
  },
  async run({ options, out }) {
    const [cluster, answers] = await Promise.all([
      clusterOf(root),
      Promise.all(directors(root).map((director) => director.status())),
    ]);
    const health = overallHealth(answers, cluster);
    // A field without a value is not written.
    if (out.wantsJson) out.json({ schemaVersion: 1, health, cluster, directors: answers });
    else {
      const view = { transcripts: options.transcripts === true, bold: out.bold };
      for (const line of statusView(answers, cluster, view)) out.line(line);
    }
    return HEALTH_EXIT[health];
  },
});
