/** A heartbeat from its start to its stop, in order; `assembly.ts` has the parts. */

import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { type DaemonContext, StartFailure } from "@systole/daemon";
import { type Network, openNetwork } from "@systole/kernel";
import { type Instant, milliseconds, plus } from "@systole/machine";
import { lockProgramText, realtime } from "@systole/sys";
import type { CoreEvent } from "../core/event.js";
import type { Boot } from "../core/state.js";
import { viewOf } from "../core/view.js";
import { logLines } from "../log-lines.js";
import { problemOf } from "../resources/resource.js";
import { settlePast, vipsOf } from "./adoption.js";
import { type Assembly, assemble, fencerOf } from "./assembly.js";
import { fifoCommand, type HeartbeatStatus, heartbeatVerbs } from "./commands.js";
import { type Configuration, readConfiguration } from "./configuration.js";
import { watchFenceDevice } from "./fence-watch.js";
import { openFifo } from "./fifo.js";
import { readGeneration } from "./generation-file.js";
import { readHeard } from "./heard-file.js";
import { type LastWord, type LastWordFile, openLastWord, readLastWord } from "./last-word.js";
import { armLease, isGuarded } from "./lease-arming.js";
import { logTargets } from "./log-targets.js";
import { parametersOf } from "./parameters.js";
import { paths } from "./paths.js";
import { reload } from "./reload.js";
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
  const managed = !options.detached && process.env.INVOCATION_ID !== undefined; // systemd.exec(5)
  await listen(context, heartbeat, { guard, managed });
  const unwatch = watchFenceDevice(() => fencerOf(heartbeat.present, context.clock), context);
  context.onStop(async () => {
    heartbeat.present.feed({ type: "stop" });
    await done;
    await heartbeat.heard.close(heartbeat.present.state);
    heartbeat.pinger.close();
    heartbeat.media.close();
    word.close();
    unwatch();
    watchdog.disarm();
    if (isGuarded(heartbeat.present.configuration) && !isHandedOn) await guard.disarm();
    await kernel.close();
  });
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

function beginLog(context: DaemonContext, { haCf }: Configuration, options: ForegroundOptions): void {
  const { node, log, version } = context;
  const { targets, level } = logTargets(haCf, { node, detached: options.detached, moreDebug: options.debug });
  context.logTo(targets);
  log.level = level;
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

async function listen(
  context: DaemonContext,
  heartbeat: Assembly,
  { guard, managed }: { readonly guard: Network["leaseGuard"]; readonly managed: boolean },
): Promise<void> {
  const { clock, version, log } = context;
  const { present, answers } = heartbeat;
  const feed = (event: CoreEvent) => present.feed(event);
  const status = (): HeartbeatStatus => ({
    ...viewOf(present.state, clock.now()),
    version,
    lease: present.configuration.settings.lease,
    vips: present.groups.flatMap(({ key, resources }) =>
      vipsOf(resources).map((address) => ({ address, group: key })),
    ),
    media: heartbeat.media.view(),
    dropped: heartbeat.dropped.totals(),
  });
  const parameter = (name: string) => parametersOf(present.configuration.haCf).get(name);
  await context.serve(heartbeatVerbs({ feed, answers, status, parameter, stop: context.stop, managed }));
  context.onReload(() => reload(context, heartbeat, guard));
  const warn = (line: string) => log.warn({ event: "fifo" }, line);
  const fifo = openFifo(paths.fifo, {
    command: (fields) => fifoCommand(fields, { feed, answers, warn }),
    warn,
  });
  context.onStop(async () => fifo.close());
}
