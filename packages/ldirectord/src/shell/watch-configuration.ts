/** `autoreload` and `callback`: what happens when the configuration file has other content. */
import { spawn } from "node:child_process";
import { accessSync, constants } from "node:fs";
import type { Logger } from "@systole/daemon";
import type { Clock } from "@systole/machine";
import type { GlobalSettings } from "../config/global.js";
import * as lines from "../log-lines.js";
import { type FileWatch, watchFile } from "./watch-file.js";

export interface WatchParts {
  readonly clock: Clock;
  readonly log: Logger;
  /** The settings of the moment. */
  readonly config: () => Pick<GlobalSettings, "autoReload" | "callback">;
  readonly reload: () => Promise<void>;
}

export function watchConfiguration(path: string, { clock, log, config, reload }: WatchParts): FileWatch {
  const changed = () => {
    const { autoReload, callback } = config();
    log.info({ event: "config.changed" }, lines.changedOnDisk(path));
    log.info({ event: "config.changed", autoReload }, autoReload ? lines.reread() : lines.ignored());
    if (callback !== undefined && isExecutable(callback)) runCallback(callback, path, log);
    if (!autoReload) return;
    reload().catch((error: unknown) => log.error({ event: "config.failed", error }, "the reload failed"));
  };
  const missing = () =>
    log.warn({ event: "config.missing" }, `Warning [${process.pid}]: can not open file ${path} for checking`);
  return watchFile(path, clock, changed, missing);
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

function runCallback(callback: string, path: string, log: Logger): void {
  const child = spawn("/bin/sh", ["-c", `${callback} ${path}`], {
    stdio: "ignore",
    detached: true,
    cwd: "/",
  });
  child.once("error", (error) =>
    log.error({ event: "callback.failed", error }, `callback ${callback} failed`),
  );
  child.unref();
}
