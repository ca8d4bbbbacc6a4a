/** ctsyncd itself: where the parts meet. */
import { isDeepStrictEqual } from "node:util";
import { runDaemon } from "@systole/daemon";
import type { Kernel } from "@systole/kernel";
import { type Driven, drive } from "@systole/machine";
import type { Configuration } from "../config/configuration.js";
import { parseConntrackdConf } from "../config/conntrackd-conf.js";
import { compileFilter } from "../core/filter.js";
import { Session, sessionMachine } from "../core/session.js";
import type { SessionEvent, SessionOptions } from "../core/session.types.js";
import { capacityOf, openChannel } from "./channel.js";
import { desk, verbs } from "./commands.js";
import { logTargets } from "./log-targets.js";
import { createPerformer } from "./performer.js";

export interface DaemonParts {
  readonly version: string;
  readonly configPath: string;
  /** Nobody reads stderr. */
  readonly detached: boolean;
  /** @param eventBufferBytes NetlinkBufferSize; undefined: as the kernel package thinks best. */
  readonly openKernel: (eventBufferBytes: number | undefined) => Promise<Kernel>;
}

/** What a reload can change: where the log goes. */
const LOG_ONLY = { logFile: undefined, syslogFacility: undefined };

/** Runs until it is told to stop; never returns. */
export function runCtsyncd({ version, configPath, detached, openKernel }: DaemonParts): Promise<never> {
  return runDaemon("ctsyncd", { version }, async (context) => {
    const { clock, log, events, load, serve, onStop, ready, background, stop, wallClock } = context;
    const configuration = await load(configPath, parseConntrackdConf);
    context.logTo(logTargets(configuration, detached));
    const kernel = await openKernel(configuration.eventBufferBytes);
    const { conntrack, links } = kernel;
    let driven: Driven<Session, SessionEvent> | undefined;
    const feed = (event: SessionEvent) => driven?.feed(event);
    const channel = await openChannel(configuration.link, {
      links,
      clock,
      hooks: {
        received: (from, bytes) => feed({ type: "datagram", from, bytes }),
        broken: (problem) => log.warn({ event: "link.broken", problem }, `synchronisation link: ${problem}`),
        works: () => log.info({ event: "link.open" }, "synchronisation link is open"),
      },
    });
    const commands = desk((ticket, command) => feed({ type: "command", ticket, command }));
    const { answered } = commands;
    const perform = createPerformer({ conntrack, channel, clock, log, events, answered, feed, background });
    const options = sessionOptions(configuration, wallClock());
    const session = new Session(options, clock.now());
    driven = drive(sessionMachine(), session, clock, perform);
    const unwatch = conntrack.watch(
      (event) => feed({ type: "kernel", events: [event] }),
      () => feed({ type: "overrun" }),
    );
    onStop(async () => {
      unwatch();
      driven?.stop();
      channel.close();
      await kernel.close();
    });
    context.onReload(async () => {
      const wanted = await context.reload(configPath, parseConntrackdConf);
      if (wanted === undefined) return;
      context.logTo(logTargets(wanted, detached));
      if (isDeepStrictEqual({ ...wanted, ...LOG_ONLY }, { ...configuration, ...LOG_ONLY })) return;
      log.warn({ event: "config.needs-restart" }, "the configuration changed: restart ctsyncd to use it");
    });
    const { now } = clock;
    await serve(verbs({ desk: commands, session: () => session, configuration, channel, now, stop }));
    ready(`${configuration.mode} over ${configuration.link.kind} on ${configuration.link.interface}`);
  });
}

function sessionOptions(configuration: Configuration, wallClockMs: number): SessionOptions {
  const { link, filter } = configuration;
  const own =
    link.kind === "udp" ? [link.address, link.peer] : link.address === undefined ? [] : [link.address];
  return {
    mode: configuration.mode,
    resendLimit: configuration.resendLimit,
    ackWindow: configuration.ackWindow,
    cacheLimit: configuration.cacheLimit,
    commitTimeoutSeconds: configuration.commitTimeoutSeconds,
    purgeTimeoutSeconds: configuration.purgeTimeoutSeconds,
    windowTracking: configuration.windowTracking,
    firstSequence: Math.floor(wallClockMs / 1000),
    capacityBytes: capacityOf(link),
    allowed: link.kind === "udp" ? new Set([link.peer]) : undefined,
    passes: compileFilter(filter, own),
  };
}
