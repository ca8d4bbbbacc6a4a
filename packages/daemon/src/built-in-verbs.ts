/** The verbs that every daemon answers. `subscribe` is the control server's own. */
import type { Logger } from "pino";
import type { DaemonContext, Verbs } from "./context.js";
import { ControlError } from "./control-error.js";
import { LOG_LEVELS, type LogLevel } from "./log-target.js";

const isLevel = (value: unknown): value is LogLevel => LOG_LEVELS.some((level) => level === value);

type Known = Pick<DaemonContext, "name" | "node" | "version" | "boot" | "metrics" | "clock">;

export function builtInVerbs(context: Known, log: Logger): Verbs {
  const { name, node, version, boot, metrics, clock } = context;
  const startedAt = clock.now();
  return {
    ping: {
      changes: false,
      run: () => ({ name, node, version, boot, pid: process.pid, uptimeMs: clock.now() - startedAt }),
    },
    metrics: { changes: false, run: () => metrics.print() },
    "log-level": {
      changes: true,
      run({ level }) {
        if (!isLevel(level)) {
          throw new ControlError("bad-request", `level must be one of ${LOG_LEVELS.join(", ")}`);
        }
        const before = log.level;
        log.level = level;
        log.info({ event: "log.level", before, level }, `log level is ${level} now, was ${before}`);
        return { before, level };
      },
    },
  };
}
