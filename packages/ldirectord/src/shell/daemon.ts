/** The daemon: where configuration, director, checks and data plane meet. */
import { type DaemonContext, loadedFact, StartFailure } from "@systole/daemon";
import type { Balancer } from "@systole/kernel";
import { drive, milliseconds } from "@systole/machine";
import { createCheckRunner } from "../checks/runner.js";
import type { LdirectordConfig } from "../config/ldirectord-cf.js";
import { directorMachine, newDirector } from "../core/director.js";
import type { DirectorAction, DirectorEvent, DirectorState } from "../core/director-state.js";
import { overrideOf } from "../core/override.js";
import { serviceId } from "../core/plan.js";
import * as lines from "../log-lines.js";
import { adviseOnConfiguration } from "./advice.js";
import { createCheckWarnings } from "./check-warnings.js";
import { coarseClock } from "./coarse-clock.js";
import type { Options } from "./command-line.js";
import { lineOf, parseConfiguration } from "./configuration.js";
import { createFallbackCommands } from "./fallback-command.js";
import type { Instance } from "./instance.js";
import { createLetters } from "./letters.js";
import { logTargets } from "./log-targets.js";
import { createMailCarrier } from "./mail-carrier.js";
import { createMaintenance } from "./maintenance.js";
import { createMonitorFiles } from "./monitor-file.js";
import { createOrders } from "./orders.js";
import { createOtherInstances, runOther } from "./other-instances.js";
import { overridesPath } from "./overrides-file.js";
import { createPerformer } from "./performer.js";
import { createReporter } from "./reporter.js";
import type { Loaded } from "./status.js";
import { verbs } from "./verbs.js";
import { VERSION } from "./version.js";
import { watchConfiguration } from "./watch-configuration.js";

/** A daemon that stops waits so long for its last letters to leave. */
const LAST_LETTERS_MS = 3000;
/** No check is later than this for it. */
const STEP = milliseconds(25);

export interface DaemonParts {
  readonly instance: Instance;
  readonly options: Options;
  /** Read and judged already by the one who started us. */
  readonly config: LdirectordConfig;
  readonly openBalancer: () => Promise<{ readonly balancer: Balancer; close(): Promise<void> }>;
  /** Called once the table has been looked at for the first time. */
  readonly started: () => void;
}

export async function runLdirectord(context: DaemonContext, parts: DaemonParts): Promise<void> {
  const { log, events, clock, node, wallClock } = context;
  const { instance, options } = parts;
  let config = parts.config;
  const loaded: Loaded = { path: instance.path, atMs: wallClock(), refused: false };
  context.logTo(logTargets(config, instance.name, options));
  const inForeground = options.debug || options.foreground || config.globals.supervised;
  log.info({ event: "daemon.starting" }, lines.starting(VERSION, inForeground ? process.pid : undefined));

  const plane = await parts.openBalancer().catch((error: unknown) => {
    throw new StartFailure(`no data plane: ${error instanceof Error ? error.message : String(error)}`);
  });
  const { balancer } = plane;
  const active = !options.standby || (await leftByAnActiveOne(balancer, config));
  const moment = () => ({ now: clock.now(), wallMs: wallClock() });
  const orders = createOrders(overridesPath(instance.daemon), log, moment);
  const others = createOtherInstances(runOther(clock), log);
  const carrier = createMailCarrier({ events, log, clock, node, daemon: instance.daemon });
  const letters = createLetters({
    ...{ clock, node, send: carrier.send },
    logLine: (line) => log.info({ event: "letter" }, line),
    isByHand: (service, real) => overrideOf(director.state().overrides, service, real) !== undefined,
  });
  const monitorFiles = createMonitorFiles(log, wallClock);
  const warnings = createCheckWarnings(log, clock, (check) => namesOf(director.state(), check));
  const runner = createCheckRunner(clock, { wallClock, complain: warnings.cannotCheck });
  const fallbackCommands = createFallbackCommands(log, clock);
  const reporter = createReporter(log, events, letters.changed);
  const maintenance = createMaintenance(clock);
  const performer = createPerformer(
    {
      ...{
        clock,
        balancer,
        runner,
        maintenance,
        reporter,
        fallbackCommands,
        log,
        checked,
      },
      keepOverrides: orders.keep,
    },
    (event) => director.feed(event),
  );
  const director = drive<DirectorState, DirectorEvent, DirectorAction>(
    directorMachine,
    newDirector(active ? "active" : "standby", orders.kept()),
    coarseClock(clock, STEP),
    performer.perform,
  );

  /** Checks without a verdict since the configuration was taken; undefined once all had one and the table followed. */
  let unheard: Set<string> | undefined;
  function checked(...[check, result]: Parameters<typeof monitorFiles.checked>): void {
    monitorFiles.checked(check, result);
    warnings.checked(check, result);
    if (unheard?.size === 0 && director.state().table.phase.kind === "idle") {
      letters.state("running");
      unheard = undefined;
    }
    unheard?.delete(check);
  }

  /** For `systemctl status`. */
  function summary(): string {
    const services = `virtual service${config.virtuals.length === 1 ? "" : "s"}`;
    return `${config.virtuals.length} ${services}, ${balancer.kind}, ${director.state().role}`;
  }

  async function use(next: LdirectordConfig): Promise<void> {
    await maintenance.learn(placesOf(next));
    config = next;
    letters.configure(next);
    monitorFiles.configure(next);
    adviseOnConfiguration(next, balancer, log);
    director.feed({ type: "configure", config: next.director });
    unheard = new Set(director.state().users.keys());
  }

  async function reload(): Promise<void> {
    const kept = `configuration not loaded, still using the one of ${lines.stamp(loaded.atMs)}`;
    const words = { complaint: lineOf, kept };
    const next = await context.reload(instance.path, parseConfiguration, words);
    loaded.refused = next === undefined;
    if (next === undefined) return;
    loaded.atMs = wallClock();
    letters.state("reloading");
    await use(next);
    context.status(summary());
    context.logTo(logTargets(next, instance.name, options));
    await others.use(next.globals.execute, "reload");
  }

  const watch = watchConfiguration(instance.path, { clock, log, config: () => config.globals, reload });
  context.onReload(async () => {
    log.info({ event: "daemon.reload" }, lines.reloading());
    await reload();
  });
  context.onStop(async (reason) => {
    watch.stop();
    letters.state("stopping");
    await others.stop();
    const problems = await performer.settle((request) => director.feed({ type: "deactivate", request }));
    for (const problem of problems) log.error({ event: "table.refused" }, problem);
    director.stop();
    letters.stop();
    performer.close();
    await carrier.idle(LAST_LETTERS_MS);
    await runner.close();
    await plane.close();
    log.info({ event: "daemon.terminated" }, lines.terminated(reason.replace(/^SIG/, "")));
  });

  await context.serve(
    verbs({
      instance,
      loaded,
      balancer,
      log,
      performer,
      moment,
      feed: director.feed,
      state: director.state,
      orders,
      turned: () => context.status(summary()),
    }),
  );

  await use(config);
  // The first look at the table: an active director keeps what it finds there.
  if (active) {
    if (options.standby)
      log.warn({ event: "director.resumed" }, "active: the table holds our virtual services");
    await performer.settle((request) => director.feed({ type: "activate", request }));
  }
  events.publish("info", loadedFact(instance.path));
  context.ready(summary());
  parts.started();
  context.background("execute", others.use(config.globals.execute, "start"));
}

/**
 * Whether the table holds a virtual service of ours: one that was active died without leaving it, and the kernel still
 * balances by it. Then somebody must go on checking, also before heartbeat asks again.
 */
async function leftByAnActiveOne(balancer: Balancer, { director }: LdirectordConfig): Promise<boolean> {
  const keys = new Set(director.services.map(({ key }) => key));
  const table = await balancer.read().catch(() => []);
  return table.some(({ service }) => keys.has(serviceId(service.id)));
}

/** Where files of maintenance are looked for. */
const placesOf = ({ director }: LdirectordConfig) =>
  director.services.flatMap(({ reals }) =>
    reals.flatMap(({ check }) =>
      check.kind === "periodic" && check.maintenance !== undefined ? [check.maintenance] : [],
    ),
  );

/** The real servers of a check, for log lines. */
const namesOf = ({ users }: DirectorState, check: string): string =>
  (users.get(check) ?? []).map(({ service, real }) => `${real} (${service})`).join(", ");
