/** `monitorfile`: one line for each finished check of a virtual service. */
import { appendFileSync } from "node:fs";
import type { Logger } from "@systole/daemon";
import type { LdirectordConfig } from "../config/ldirectord-cf.js";
import { checkKey } from "../core/configure.js";
import type { CheckResult } from "../core/configured.js";
import { stamp } from "../log-lines.js";

export interface MonitorFiles {
  configure(config: LdirectordConfig): void;
  checked(check: string, result: CheckResult): void;
}

const LONGEST_MESSAGE = 200;

export function createMonitorFiles(log: Logger, wallClock: () => number): MonitorFiles {
  /** Files and identities by check key. */
  let wanted = new Map<string, { readonly path: string; readonly id: string }[]>();
  const complained = new Set<string>();
  return {
    configure(config) {
      wanted = new Map();
      complained.clear();
      for (const { service, settings, serviceType } of config.virtuals) {
        const path = settings.monitorFile;
        if (path === undefined) continue;
        for (const real of service.reals) {
          if (real.check.kind !== "periodic") continue;
          const key = checkKey(real.check);
          const { spec } = real.check;
          const asked =
            spec.type === "negotiate" ? [spec.virtualHost, spec.target.port] : [undefined, undefined];
          const { address, port } = real.configured;
          const words = [
            ...[
              settings.checkType.kind,
              serviceType,
              service.virtual.id.kind === "address" ? service.virtual.id.protocol : "fwm",
            ],
            ...[
              address,
              port,
              ...asked,
              real.weight,
              real.forwarding,
              settings.request ?? "/",
              settings.receive ?? "",
            ],
          ];
          const id = words.filter((word) => word !== undefined && word !== "").join(" ");
          wanted.set(key, [...(wanted.get(key) ?? []), { path, id }]);
        }
      }
    },
    checked(check, result) {
      for (const { path, id } of wanted.get(check) ?? []) {
        const head = `[${stamp(wallClock())}] [${process.pid}] ${id} [${result.up ? "up" : "down"}]`;
        const line = `${head} ${messageOf(result)}\n`;
        try {
          appendFileSync(path, line);
        } catch (error) {
          if (complained.has(path)) continue;
          complained.add(path);
          log.error({ event: "monitorfile.failed", error }, `monitorfile ${path} cannot be written`);
        }
      }
    },
  };
}

/** For http the status line, for others what was said; characters that would break a line are encoded. */
function messageOf(result: CheckResult): string {
  const text = result.up ? result.message : result.reason;
  const status = /^HTTP (\d{3}.*?) on /.exec(text)?.[1];
  const codes: Readonly<Record<string, string>> = { "%": "%25", "|": "%7c", "\r": "%0d", "\n": "%0a" };
  return (status ?? text).slice(0, LONGEST_MESSAGE).replaceAll(/[%|\r\n]/g, (character) => codes[character]!);
}
