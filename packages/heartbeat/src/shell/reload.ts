/** SIGHUP and the verb `reload`: all three files are read again; with an error anywhere everything stays as it was. */
import { ControlError, type DaemonContext, loadedFact } from "@systole/daemon";
import type { Kernel } from "@systole/kernel";
import type { HaCf } from "../config/ha-cf.js";
import { logLines } from "../log-lines.js";
import type { Assembly } from "./assembly.js";
import { type Configuration, readConfiguration } from "./configuration.js";
import { armLease, isGuarded } from "./lease-arming.js";
import { paths } from "./paths.js";

export interface ReloadDependencies {
  readonly guard: Kernel["leaseGuard"];
  /** The log goes where this ha.cf says. */
  readonly logAnew: (haCf: HaCf) => void;
}

export async function reload(
  context: DaemonContext,
  heartbeat: Assembly,
  { guard, logAnew }: ReloadDependencies,
): Promise<void> {
  const { log, events, node } = context;
  const warn = (line: string) => log.warn({ event: "lease.problem" }, line);
  const before = heartbeat.present.configuration;
  const { value: read, headlines } = readConfiguration(paths, node, "may-vanish");
  const value = read && !isGuarded(before) ? await armLease(read, { node, guard, warn }) : read;
  for (const line of headlines)
    log[value === undefined ? "error" : "warn"]({ event: "config.complaint" }, line);
  const complaints = value === undefined ? headlines : restartNeeded(before, value);
  if (value === undefined || complaints.length > 0) {
    for (const line of value === undefined ? [] : complaints) log.error({ event: "config.complaint" }, line);
    log.error({ event: "config.refused" }, "the configuration stays as it was");
    events.publish("warning", {
      kind: "config.refused",
      file: paths.haCf,
      diagnostics: complaints.slice(0, 20),
    });
    throw new ControlError("config-refused", complaints[0] ?? "configuration error");
  }
  if (same(before, value)) {
    log.info({ event: "config.unchanged" }, logLines.configurationUnchanged());
    return;
  }
  await heartbeat.media.use(value.haCf.media);
  heartbeat.pinger.use(value.haCf.pingNodes);
  heartbeat.present.replace(value);
  heartbeat.claims.use(value.haCf.vipWatch ? heartbeat.present.groups : []);
  logAnew(value.haCf);
  await heartbeat.neighbourhood.use();
  for (const file of [paths.haCf, paths.haresources]) events.publish("info", loadedFact(file));
  log.info({ event: "config.loaded" }, "the new configuration is in force");
  for (const line of atNextStart(before.haCf, value.haCf)) log.warn({ event: "config.complaint" }, line);
  for (const group of value.haresources) await changeGroup(context, heartbeat, before, group.key);
}

const OF_THE_START = {
  realtime: ({ realtime }: HaCf) => String(realtime),
  rtprio: ({ realtimePriority }: HaCf) => String(realtimePriority),
  watchdog: ({ watchdog }: HaCf) => watchdog?.device ?? "none",
  hbgenmethod: ({ generationFrom }: HaCf) => generationFrom,
} as const;

/** What a process settles once for all when it starts. */
function atNextStart(before: HaCf, after: HaCf): readonly string[] {
  return Object.entries(OF_THE_START).flatMap(([name, of]) => {
    const [old, wanted] = [of(before), of(after)];
    return old === wanted
      ? []
      : [`${name} ${wanted} counts from the next start of heartbeat; until then it is ${old}`];
  });
}

/** The core's view of the members is for the life of the process. */
function restartNeeded(before: Configuration, after: Configuration): readonly string[] {
  const names = ({ settings }: Configuration) => settings.nodes.join(" ");
  if (names(before) === names(after)) return [];
  return [`nodes were "${names(before)}" and are "${names(after)}" now: that needs a restart of heartbeat`];
}

/** A group that runs here and whose line has changed gets what is new and loses what is gone. */
async function changeGroup(
  { log, events }: DaemonContext,
  heartbeat: Assembly,
  before: Configuration,
  key: string,
): Promise<void> {
  const line = (configuration: Configuration) =>
    configuration.settings.groups.find((group) => group.key === key)?.resources.join(" ");
  const group = heartbeat.present.groups.find((one) => one.key === key);
  const runs = heartbeat.present.state.groups.get(key)?.ownership.kind === "running";
  const old = line(before);
  if (!runs || group === undefined || old === undefined || old === line(heartbeat.present.configuration))
    return;
  const { failed } = await heartbeat.runner.change(group);
  if (failed === undefined) return;
  const { resource, problem } = failed;
  log.error({ event: "group.change-failed", group: key }, `${key}: ${resource}: ${problem}`);
  events.publish("critical", { kind: "resource.failed", resource, action: "start", problem });
}

const same = (before: Configuration, after: Configuration): boolean => print(before) === print(after);

/** A configuration as text, for comparison only; it never leaves this function's caller. */
function print(configuration: Configuration): string {
  return JSON.stringify(configuration, (key, value: unknown) => {
    if (key === "at") return undefined; // where a word stands changes nothing
    if (value instanceof Map) return [...value];
    return value instanceof Uint8Array ? [...value] : value;
  });
}
