/** The environment of resource scripts, as the original's. Source: specification of heartbeat, section 7.11. */
import type { HaCf } from "../config/ha-cf.js";
import { paths } from "./paths.js";

export function scriptEnvironment(
  haCf: HaCf,
  { local, alone }: { local: string; alone: boolean },
): Readonly<Record<string, string>> {
  const logging: Record<string, string> = {};
  if (haCf.logFile !== undefined) logging.HA_LOGFILE = haCf.logFile;
  if (haCf.debugFile !== undefined) logging.HA_DEBUGLOG = haCf.debugFile;
  if (haCf.logFacility !== undefined) logging.HA_LOGFACILITY = haCf.logFacility;
  const named = (entries: ReadonlyMap<string, string>) =>
    Object.fromEntries([...entries].map(([name, value]) => [`HA_${name}`, value]));
  return {
    PATH: process.env.PATH ?? "/usr/sbin:/usr/bin:/sbin:/bin",
    LANG: process.env.LANG ?? "C",
    ...named(haCf.parameters),
    ...named(haCf.environment),
    HA_CURHOST: local,
    HA_DIR: "/etc/ha.d",
    HA_RCDIR: "/etc/ha.d/rc.d",
    HA_RESOURCEDIR: "/etc/ha.d/resource.d",
    HA_FUNCS: "/etc/ha.d/shellfuncs",
    HA_FIFO: paths.fifo,
    HA_BIN: "/usr/share/heartbeat",
    HA_LOGD: "no",
    HA_DATEFMT: "%Y/%m/%d_%T\t",
    HA_debug: String(haCf.debug),
    OCF_ROOT: "/usr/lib/ocf",
    ...logging,
    ...(haCf.autoFailback !== "legacy" && { HA_NICEFAILBACK: "yes" }),
    ...(alone && { HA_DONTASK: "yes" }),
  };
}
