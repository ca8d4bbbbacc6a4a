/** The daemon: where configuration, director, checks and data plane meet. */
import { ControlError, type DaemonContext, StartFailure } from "@systole/daemon";
import type { Balancer } from "@systole/kernel";
import { drive } from "@systole/machine";
import { createCheckRunner } from "../checks/runner.js";
import type { LdirectordConfig } from "../config/ldirectord-cf.js";
import { directorMachine, newDirector } from "../core/director.js";
import type { DirectorAction, DirectorEvent, DirectorState } from "../core/director-state.js";
import { serviceId } from "../core/plan.js";
import * as lines from "../log-lines.js";
import { adviseOnConfiguration } from "./advice.js";
import type { Options } from "./command-line.js";
import { lineOf, parseConfiguration } from "./configuration.js";
import { createFallbackCommands } from "./fallback-command.js";
import { daemonName, type Instance } from "./instance.js";
import { createLetters } from "./letters.js";
import { logTargets } from "./log-targets.js";
import { createMaintenance } from "./maintenance.js";
import { createMonitorFiles } from "./monitor-file.js";
import { createPerformer } from "./performer.js";
import { createReporter } from "./reporter.js";
import { type Loaded, statusOf } from "./status.js";
import { VERSION } from "./version.js";
import { watchConfiguration } from "./watch-configuration.js";

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
  const letters = createLetters(events, node, (line) => log.info({ event: "letter" }, line));
  const monitorFiles = createMonitorFiles(log, wallClock);
  const runner = createCheckRunner(clock);
  const fallbackCommands = createFallbackCommands(log, clock);
  const reporter = createReporter(log, events, letters.mail);
  const performer = createPerformer(
    { balancer, runner, maintenance: createMaintenance(clock), reporter, fallbackCommands, log, checked },
    (event) => director.feed(event),
  );
  const director = drive<DirectorState, DirectorEvent, DirectorAction>(
    directorMachine,
    newDirector(active ? "active" : "standby"),
    clock,
    performer.perform,
  );

  function checked(...[check, result]: Parameters<typeof monitorFiles.checked>): void {
    monitorFiles.checked(check, result);
    const { services } = director.state();
    const all = [...services.values()].every(({ reals }) => [...reals.values()].every(({ known }) => known));
    if (all) letters.state("running");
  }

  function use(next: LdirectordConfig): void {
    config = next;
    letters.configure(next);
    monitorFiles.configure(next);
    adviseOnConfiguration(next, balancer, log);
    director.feed({ type: "configure", config: next.director });
  }

  async function settle(type: "activate" | "deactivate"): Promise<readonly string[]> {
    const { number, settled } = performer.request();
    director.feed({ type, request: number });
    return await settled;
  }

  async function reload(): Promise<void> {
    const next = await context.reload(instance.path, async (source) => {
      const parsed = await parseConfiguration(source);
      for (const each of parsed.diagnostics) log.warn({ event: "config.complaint" }, lineOf(each));
      return parsed;
    });
    loaded.refused = next === undefined;
    if (next === undefined) {
      const since = lines.stamp(loaded.atMs);
      log.error({ event: "config.kept" }, `configuration not loaded, still using the one of ${since}`);
      return;
    }
    loaded.atMs = wallClock();
    letters.state("reloading");
    use(next);
    context.logTo(logTargets(next, instance.name, options));
  }

  const watch = watchConfiguration(instance.path, { clock, log, config: () => config.globals, reload });
  context.onReload(async () => {
    log.info({ event: "daemon.reload" }, lines.reloading());
    await reload();
  });
  context.onStop(async (reason) => {
    watch.stop();
    letters.state("stopping");
    const problems = await settle("deactivate");
    for (const problem of problems) log.error({ event: "table.refused" }, problem);
    director.stop();
    performer.close();
    await runner.close();
    await plane.close();
    log.info({ event: "daemon.terminated" }, lines.terminated(reason.replace(/^SIG/, "")));
  });

  const forUs = (args: Readonly<Record<string, unknown>>) => {
    if (typeof args.config === "string" && daemonName(args.config) !== daemonName(instance.path)) {
      throw new ControlError("wrong-config", `this ldirectord runs ${instance.path}, not ${args.config}`);
    }
  };
  const status = async () =>
    statusOf(director.state(), loaded, balancer.kind, await balancer.read(), clock.now());
  const change = (type: "activate" | "deactivate") => async (args: Readonly<Record<string, unknown>>) => {
    forUs(args);
    const problems = await settle(type);
    log.info(
      { event: `director.${type}d` },
      type === "activate" ? "active: the table is kept" : "standby: the table is left",
    );
    return { active: type === "activate", problems };
  };
  await context.serve({
    status: {
      changes: false,
      run(args) {
        forUs(args);
        return status();
      },
    },
    activate: { changes: true, run: change("activate") },
    deactivate: { changes: true, run: change("deactivate") },
  });

  use(config);
  // The first look at the table: an active director keeps what it finds there.
  if (active) {
    if (options.standby)
      log.warn({ event: "director.resumed" }, "active: the table holds our virtual services");
    const { number, settled } = performer.request();
    director.feed({ type: "activate", request: number });
    await settled;
  }
  events.publish("info", { kind: "config.loaded", file: instance.path });
  context.ready(`${config.virtuals.length} virtual services, ${balancer.kind}${active ? "" : ", standby"}`);
  parts.started();
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
