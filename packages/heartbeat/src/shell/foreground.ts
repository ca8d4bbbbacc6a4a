/** A heartbeat from its start to its stop, in order; `assembly.ts` has the parts. */

import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { type DaemonContext, loadedFact, StartFailure } from "@systole/daemon";
import { openNetwork } from "@systole/kernel";
import { type Instant, milliseconds, plus } from "@systole/machine";
import { lockProgramText, realtime } from "@systole/sys";
import type { HaCf } from "../config/ha-cf.js";
import type { Boot } from "../core/state.js";
import { logLines } from "../log-lines.js";
import { problemOf } from "../resources/resource.js";
import { settlePast } from "./adoption.js";
import { assemble } from "./assembly.js";
import { type Configuration, readConfiguration } from "./configuration.js";
import { openDoors } from "./doors.js";
import { watchFenceDevice } from "./fence-watch.js";
import { readGeneration } from "./generation-file.js";
import { readHeard } from "./heard-file.js";
import { type LastWord, type LastWordFile, openLastWord, readLastWord } from "./last-word.js";
import { armLease, isGuarded } from "./lease-arming.js";
import { logTargets } from "./log-targets.js";
import { paths } from "./paths.js";
import { rehearse } from "./rehearsal.js";
import { prepareRsctmp } from "./rsctmp.js";
import { loadUuid } from "./uuid-file.js";
import { keepWatchdog, type WatchdogKeeper } from "./watchdog-keeper.js";

export const EXIT_CONFIGURATION = 6;
/** Restarted on purpose: whoever started this process shall start the next one. EX_TEMPFAIL of sysexits.h. */
const EXIT_HANDED_ON = 75;

export interface ForegroundOptions {
  /** How often `-d` was given. */
  readonly debug: number;
  /** False with `-l`. */
  readonly realtime: boolean;
  /** False with `-M`: a member of the cluster that owns nothing. */
  readonly resources: boolean;
  /** Started in the background: nobody reads stderr. */
  readonly detached: boolean;
}

export async function runForeground(context: DaemonContext, options: ForegroundOptions): Promise<void> {
  const configuration = loadConfiguration(context);
  beginLog(context, configuration, options);
  const kernel = await openNetwork();
  if (options.realtime) becomeRealtime(context, configuration);
  mkdirSync(context.runDirectory, { recursive: true, mode: 0o755 });
  const { lastWord, lastWordAt, word } = lastWords(context);
  const watchdog = watchdogOf(context, configuration);
  const spoken: LastWordFile["sent"] = (groups, handed) => {
    word.sent(groups, handed);
    watchdog.feed();
  };
  const { uuid, fresh } = await loadUuid(paths.uuid);
  if (fresh) context.log.info({ event: "uuid.new" }, logLines.newUuid());
  let finished = () => {};
  const done = new Promise<void>((resolve) => {
    finished = resolve;
  });
  let isHandedOn = false;
  const handedOn = () => {
    isHandedOn = true;
    finished();
    context.stop("restart", EXIT_HANDED_ON);
  };
  const heartbeat = assemble({
    ...{ context, kernel, uuid, configuration, finished, handedOn },
    resources: options.resources,
    lastWord: { sent: spoken },
  });
  const { addresses } = kernel;
  const log = (line: string) => context.log.info({ event: "past" }, line);
  const lease = configuration.settings.lease;
  const adopted = await settlePast(heartbeat.present.groups, lastWord, lease, {
    clock: context.clock,
    addresses,
    runner: heartbeat.runner,
    log,
  });
  const warn = (line: string) => context.log.warn({ event: "lease.problem" }, line);
  const guard = kernel.leaseGuard;
  heartbeat.present.replace(await armLease(configuration, { node: context.node, guard, warn }));
  prepareRsctmp(paths.rsctmp, adopted.length > 0);
  await heartbeat.media.use(configuration.haCf.media);
  heartbeat.pinger.use(configuration.haCf.pingNodes);
  heartbeat.claims.use(configuration.haCf.vipWatch ? heartbeat.present.groups : []);
  heartbeat.begin({
    storedGeneration: await storedGeneration(context, configuration),
    adopted,
    ...pastOf(lastWord, lastWordAt),
    heard: readHeard(paths.heard),
  });
  await openDoors(context, heartbeat, {
    guard,
    managed: !options.detached && process.env.INVOCATION_ID !== undefined, // systemd.exec(5)
    logAnew: (haCf) => directLog(context, haCf, options),
  });
  const spoilt = await rehearse(context.clock);
  if (spoilt !== undefined) context.log.info({ event: "rehearsal" }, `no rehearsal of a takeover: ${spoilt}`);
  const unwatch = watchFenceDevice(heartbeat.fencer, context);
  process.once("exit", heartbeat.leisure.flush);
  context.onStop(async () => {
    heartbeat.present.feed({ type: "stop" });
    await done;
    await heartbeat.neighbourhood.close(isHandedOn);
    await heartbeat.heard.close(heartbeat.present.state);
    heartbeat.pinger.close();
    heartbeat.media.close();
    word.close();
    unwatch();
    watchdog.disarm();
    if (isGuarded(heartbeat.present.configuration) && !isHandedOn) await guard.disarm();
    heartbeat.leisure.flush();
    await kernel.close();
  });
  for (const file of [paths.haCf, paths.haresources]) context.events.publish("info", loadedFact(file));
  context.ready(`node ${context.node} of ${configuration.settings.nodes.join(", ")}`);
}

/** What the process before us said last, and where we write down what we say. */
function lastWords({ clock, runDirectory }: DaemonContext) {
  const path = join(runDirectory, "last-word");
  const lastWord = readLastWord(path);
  const lastWordAt = lastWord && plus(clock.now(), milliseconds(-lastWord.silence));
  return { lastWord, lastWordAt, word: openLastWord(path) };
}

/** What the new life goes by until it has spoken itself. */
function pastOf(lastWord: LastWord | undefined, lastWordAt: Instant | undefined): Partial<Boot> {
  if (lastWordAt === undefined) return {};
  const handed = lastWord?.handedOn;
  const inherited = handed && { deadtime: handed.deadtime, until: plus(lastWordAt, handed.lease) };
  return { lastWordAt, ...(inherited && { inherited }) };
}

function watchdogOf({ log }: DaemonContext, { haCf, settings }: Configuration): WatchdogKeeper {
  return keepWatchdog(haCf.watchdog?.device, settings.deadtime, {
    info: (line) => log.info({ event: "watchdog" }, line),
    error: (line) => log.error({ event: "watchdog" }, line),
  });
}

function loadConfiguration(context: DaemonContext): Configuration {
  const { value, rendered, headlines } = readConfiguration(paths, context.node, "must-exist");
  for (const text of rendered) process.stderr.write(`${text}\n`);
  if (value === undefined) {
    process.stderr.write("ERROR: Heartbeat not started: configuration error.\n");
    throw new StartFailure(headlines[0] ?? "configuration error", EXIT_CONFIGURATION, { told: true });
  }
  return value;
}

function directLog({ node, log, logTo }: DaemonContext, haCf: HaCf, options: ForegroundOptions): void {
  const { targets, level } = logTargets(haCf, { node, detached: options.detached, moreDebug: options.debug });
  logTo(targets);
  log.level = level;
}

function beginLog(context: DaemonContext, { haCf }: Configuration, options: ForegroundOptions): void {
  const { log, version } = context;
  directLog(context, haCf, options);
  log.info({ event: "start" }, logLines.configurationValidated(version));
  log.info({ event: "start" }, logLines.version(version));
}

/** SCHED_RR helps only where garbage collection does not wait for threads that do not have it. */
function becomeRealtime({ log }: DaemonContext, { haCf }: Configuration): void {
  if (!haCf.realtime) return;
  if (!process.execArgv.includes("--single-threaded-gc")) {
    log.info({ event: "realtime.off" }, "not real-time: node was started without --single-threaded-gc");
    return;
  }
  try {
    realtime(haCf.realtimePriority);
    lockProgramText();
  } catch (error) {
    log.warn({ event: "realtime.off" }, `not real-time: ${problemOf(error)}`);
  }
}

/** What the file has; the first life of a node without one begins at the present time. */
async function storedGeneration({ log, wallClock }: DaemonContext, { haCf }: Configuration): Promise<number> {
  const now = Math.floor(wallClock() / 1000);
  if (haCf.generationFrom === "time") return now;
  const stored = await readGeneration(paths.generation);
  if (stored !== undefined) return stored;
  log.warn({ event: "generation.new" }, logLines.noGeneration(now + 1));
  return now;
}
