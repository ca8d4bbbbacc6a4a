/** `systole status`: services, real servers, and why one is down. */
import type { Command } from "@systole/daemon";
import { directors } from "../directors.js";
import { HEALTH_EXIT, overallHealth } from "../health.js";
import { statusView } from "../status-view.js";

export const statusCommand = (root: string): Command => ({
  name: "status",
  summary: "services, real servers, and why one is down; exit 0 ok, 1 degraded, 2 critical, 3 unknown",
  options: {
    transcripts: { type: "boolean", short: "t", help: "also what was said when a check failed" },
  },
  async run({ options, out }) {
    const answers = await Promise.all(directors(root).map((director) => director.status()));
    const health = overallHealth(answers);
    if (out.wantsJson) out.json({ schemaVersion: 1, health, directors: answers });
    else {
      const view = { transcripts: options.transcripts === true, bold: out.bold };
      for (const line of statusView(answers, view)) out.line(line);
    }
    return HEALTH_EXIT[health];
  },
});
