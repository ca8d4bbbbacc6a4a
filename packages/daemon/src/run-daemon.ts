/**
 * The life of a daemon: composition, signals, order of stopping, exit codes.
 *
 *   start --main returned--> running --SIGTERM, SIGINT, stop()--> stopping --all stopped--> exit 0
 *     |                         |                                      '--time limit--> exit 1
 *     '--StartFailure--> exit with its code        '--uncaught, background failure--> exit 1, at once
 *
 * An exception that nobody caught ends the process at once and without cleaning up: a daemon that doubts itself stops,
 * the kernel's lease takes the VIP and the peer takes over.
 */
import { dirname } from "node:path";
import { builtInVerbs } from "./built-in-verbs.js";
import { type ComplaintWords, type Loaded, loadConfiguration, type Parse } from "./configuration.js";
import type { DaemonContext } from "./context.js";
import { controlPath } from "./control-client.js";
import { ControlError } from "./control-error.js";
import { listenAt } from "./control-socket.js";
import type { DaemonOptions } from "./daemon-options.js";
import { loadedFact } from "./loaded-fact.js";
import { makeParts, type Parts } from "./parts.js";
import { removePidfile, writePidfile } from "./pidfile.js";
import { StartFailure } from "./start-failure.js";
import { createStopping, type Stopping } from "./stopping.js";

const STOP_LIMIT_MS = 10_000;
/** The group that may read a control socket. */
const READERS = "haclient";

/** Runs `main` as the daemon `name` and ends the process with the right exit code; never returns. */
export async function runDaemon(
  name: string,
  options: DaemonOptions,
  main: (context: DaemonContext) => Promise<void>,
): Promise<never> {
  const parts = makeParts(name, options);
  const stopping = createStopping({
    clock: parts.clock,
    log: parts.logging.log,
    limitMs: options.stopLimitMs ?? STOP_LIMIT_MS,
    begin: (reason) => announceStop(parts, reason),
    finish: (exitCode) => leave(parts, options, exitCode),
  });
  stopping.add(() => parts.control.close()); // the first to be added is the last to stop
  stopping.add(async () => await parts.dropBox?.stop());
  const reloads: (() => Promise<void>)[] = [];
  const context = contextOf(parts, options, stopping, reloads);
  parts.control.addVerbs(builtInVerbs(context, parts.logging.log));
  listenToSignals(parts, stopping, () => reloadAll(parts, reloads));
  try {
    if (options.pidfile !== undefined) writePidfile(options.pidfile.path, process.pid, options.pidfile.style);
    await main(context);
  } catch (error) {
    failToStart(parts, options, error);
  }
  return await new Promise<never>(() => {}); // `leave` or `die` ends the process
}

function announceStop({ manager, logging, events, name }: Parts, reason: string): void {
  manager.stopping();
  logging.log.info({ event: "daemon.stopping", reason }, `${name} stops: ${reason}`);
  events.publish("info", { kind: "daemon.stopping", reason });
}

function leave({ manager, logging, name }: Parts, { pidfile }: DaemonOptions, exitCode: number): void {
  manager.close();
  logging.log.info({ event: "daemon.stopped", exitCode }, `${name} stopped`);
  if (pidfile !== undefined) removePidfile(pidfile.path, process.pid);
  logging.close();
  process.exit(exitCode);
}

function die({ logging }: Parts, message: string, error: unknown): never {
  logging.log.fatal({ event: "daemon.failed", error }, message);
  process.exit(1);
}

function failToStart(parts: Parts, { pidfile }: DaemonOptions, error: unknown): never {
  const { log } = parts.logging;
  if (pidfile !== undefined) removePidfile(pidfile.path, process.pid);
  if (error instanceof StartFailure) {
    if (!error.told) log.fatal({ event: "daemon.start-refused" }, error.message);
    process.exit(error.exitCode);
  }
  if (error instanceof ControlError) log.fatal({ event: "daemon.start-refused" }, error.message);
  else log.fatal({ event: "daemon.failed", error }, `${parts.name} cannot start`);
  process.exit(1);
}

function listenToSignals(parts: Parts, stopping: Stopping, reload: () => Promise<void>): void {
  const { log } = parts.logging;
  process.on("SIGTERM", () => stopping.stop("SIGTERM", 0));
  process.on("SIGINT", () => {
    if (stopping.isStopping()) process.exit(130); // somebody at a terminal does not want to wait
    stopping.stop("SIGINT", 0);
  });
  process.on("SIGHUP", () => {
    log.info({ event: "daemon.reload" }, "SIGHUP: opening the log anew, reading the configuration again");
    reload().catch((error: unknown) => log.error({ event: "daemon.reload-failed", error }, "reload failed"));
  });
  process.on("uncaughtException", (error) => die(parts, "uncaught exception", error));
  process.on("unhandledRejection", (error) => die(parts, "unhandled rejection", error));
}

async function reloadAll(
  { manager, logging }: Parts,
  reloads: readonly (() => Promise<void>)[],
): Promise<void> {
  manager.reloading();
  logging.reopen();
  try {
    for (const run of reloads) await run();
  } finally {
    manager.reloaded();
  }
}

function contextOf(
  parts: Parts,
  options: DaemonOptions,
  stopping: Stopping,
  reloads: (() => Promise<void>)[],
): DaemonContext {
  const { name, node, boot, clock, wallClock, events, metrics, runDirectory, logging, manager, control } =
    parts;
  const { log } = logging;
  const { version } = options;
  let serving: Promise<void> | undefined;
  let refused: string | undefined; // the first complaint about files that this reload read
  return {
    ...{ name, node, version, boot, clock, wallClock, log, events, metrics, runDirectory },
    logTo: logging.setTargets,
    load: (path, parse) => loadOrFail(parts, options, path, parse),
    reload: async (path, parse, words) => {
      const { value, headlines } = await loadOrKeep(parts, path, parse, words);
      if (value === undefined) refused ??= headlines[0] ?? `${path} has errors`;
      return value;
    },
    serve(verbs) {
      control.addVerbs(verbs);
      const path = controlPath(name, dirname(runDirectory));
      serving ??= listenAt(control.server, path, parts.accounts.groupId(READERS));
      return serving;
    },
    onReload(run) {
      reloads.push(run);
      const reload = async () => {
        refused = undefined;
        await reloadAll(parts, reloads);
        if (refused !== undefined) throw new ControlError("config-refused", refused);
      };
      control.addVerbs({ reload: { changes: true, run: reload } });
    },
    onStop: stopping.add,
    stop: (reason, exitCode = 0) => stopping.stop(reason, exitCode),
    ready(status) {
      log.info({ event: "daemon.started", version }, `${name} started: ${status}`);
      events.publish("info", { kind: "daemon.started", version });
      manager.ready(status);
    },
    status: manager.status,
    background: (what, work) => void work.catch((error: unknown) => die(parts, `${what} failed`, error)),
  };
}

/** For `load`: complaints as text for the one who starts the daemon. */
async function loadOrFail<Value>(
  { door, events }: Parts,
  { exitCode = 1 }: DaemonOptions,
  path: string,
  parse: Parse<Value>,
): Promise<Value> {
  const { value, rendered, headlines } = await loadConfiguration(path, parse);
  for (const text of rendered) door.stderr.write(`${text}\n`);
  if (value === undefined) {
    throw new StartFailure(headlines[0] ?? `${path} has errors`, exitCode, { told: rendered.length > 0 });
  }
  events.publish("info", loadedFact(path));
  return value;
}

/** For `reload`: complaints in the log and as an event; the old configuration stays. */
async function loadOrKeep<Value>(
  { logging, events }: Parts,
  path: string,
  parse: Parse<Value>,
  words: Partial<ComplaintWords> = {},
): Promise<Pick<Loaded<Value>, "value" | "headlines">> {
  const { log } = logging;
  const { value, headlines } = await loadConfiguration(path, parse, words.complaint);
  const level = value === undefined ? "error" : "warn";
  for (const line of headlines) log[level]({ event: "config.complaint" }, line);
  if (value === undefined) {
    const kept = words.kept ?? `${path} has errors; the old configuration stays`;
    log.error({ event: "config.refused", file: path }, kept);
    events.publish("warning", { kind: "config.refused", file: path, diagnostics: headlines.slice(0, 20) });
  } else events.publish("info", loadedFact(path));
  return { value, headlines };
}
