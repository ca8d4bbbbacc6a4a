/** The environment of resource and event scripts, as the original's. Source: specification of heartbeat, 7.11. */
import type { HaCf } from "../config/ha-cf.js";
import { parametersOf } from "./parameters.js";
import { paths } from "./paths.js";

/** Where programs are looked for, the tools of heartbeat first. */
const SEARCH = "/usr/share/heartbeat:/usr/sbin:/usr/bin:/sbin:/bin";

export function scriptEnvironment(
  haCf: HaCf,
  { local, alone }: { local: string; alone: boolean },
): Readonly<Record<string, string>> {
  const parameters = parametersOf(haCf);
  const logging: Record<string, string> = {};
  if (haCf.logFile !== undefined) logging.HA_LOGFILE = haCf.logFile;
  if (haCf.debugFile !== undefined) logging.HA_DEBUGLOG = haCf.debugFile;
  if (haCf.logFacility !== undefined && haCf.logFacility !== "none")
    logging.HA_LOGFACILITY = haCf.logFacility;
  const named = (entries: ReadonlyMap<string, string>) =>
    Object.fromEntries([...entries].map(([name, value]) => [`HA_${name}`, value]));
  return {
    PATH: process.env.PATH === undefined ? SEARCH : `${SEARCH}:${process.env.PATH}`,
    LANG: process.env.LANG ?? "C",
    ...named(parameters),
    ...named(haCf.environment),
    HA_CURHOST: local,
    HA_DIR: "/etc/ha.d",
    HA_RCDIR: "/etc/ha.d/rc.d",
    HA_RESOURCEDIR: "/etc/ha.d/resource.d",
    HA_FUNCS: "/etc/ha.d/shellfuncs",
    HA_FIFO: paths.fifo,
    HA_BIN: "/usr/share/heartbeat",
    HA_RSCTMP: paths.rsctmp,
    HA_LOGD: "no",
    HA_COMPRESSION: parameters.get("compression") ?? "zlib",
    HA_DATEFMT: "%Y/%m/%d_%T\t",
    HA_debug: String(haCf.debug),
    OCF_ROOT: "/usr/lib/ocf",
    OCF_AGENTS: "/usr/lib/ocf/resource.d/heartbeat/",
    ...logging,
    ...(haCf.autoFailback !== "legacy" && { HA_NICEFAILBACK: "yes" }),
    ...(alone && { HA_DONTASK: "yes" }),
  };
}
