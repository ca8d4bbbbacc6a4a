/** ctsyncd itself: where the parts meet. */
import { isDeepStrictEqual } from "node:util";
import { type DaemonContext, runDaemon } from "@systole/daemon";
import type { FlowTable, FlowTableOptions, Network } from "@systole/kernel";
import { type Driven, drive, milliseconds, plus } from "@systole/machine";
import { realtime } from "@systole/sys";
import type { Configuration, SyncLink } from "../config/configuration.js";
import { parseConntrackdConf } from "../config/conntrackd-conf.js";
import { Session, sessionMachine } from "../core/session.js";
import type { SessionEvent } from "../core/session.types.js";
import { desk, verbs } from "./commands.js";
import { reportAllFlows } from "./kernel-events.js";
import { followKernel } from "./kernel-feed.js";
import { serveLegacySocket } from "./legacy-socket.js";
import { type LinkSetHooks, openLinks } from "./link-set.js";
import { takeLockFile } from "./lock-file.js";
import { logTargets } from "./log-targets.js";
import { publishMetrics } from "./metrics.js";
import { createPerformer } from "./performer.js";
import { sessionOptions } from "./session-options.js";

export interface DaemonParts {
  readonly version: string;
  readonly configPath: string;
  /** Nobody reads stderr. */
  readonly detached: boolean;
  readonly openNetwork: () => Promise<Network>;
  readonly openFlowTable: (options: FlowTableOptions) => FlowTable;
}

/** What a reload can change: where the log goes. */
const LOG_ONLY = { logFile: undefined, syslogFacility: undefined };
/** Events that come within so much time after others share a wake-up with each other. */
const EVENT_PAUSE = milliseconds(4);
const EVENT_BUFFER_BYTES = 16 * 1024 * 1024;

/** Runs until it is told to stop; never returns. */
export function runCtsyncd(parts: DaemonParts): Promise<never> {
  const { version, configPath, detached } = parts;
  return runDaemon("ctsyncd", { version }, async (context) => {
    const { clock, log, events, load, serve, onStop, ready, background, stop, wallClock } = context;
    const configuration = await load(configPath, parseConntrackdConf);
    context.logTo(logTargets(configuration, detached));
    schedule(configuration, context);
    const unreported = reportAllFlows();
    if (unreported !== undefined) log.warn({ event: "start.degraded", problem: unreported }, unreported);
    const bufferBytes = configuration.eventBufferBytes ?? EVENT_BUFFER_BYTES;
    const network = await parts.openNetwork();
    const table = parts.openFlowTable({
      eventBufferBytes: bufferBytes,
      expectations: configuration.expectations !== "none",
      reliable: configuration.reliableEvents,
      ...kernelFilter(configuration),
      pause: (resume) => void clock.at(plus(clock.now(), EVENT_PAUSE), resume),
    });
    let driven: Driven<Session, SessionEvent> | undefined;
    const feed = (event: SessionEvent) => driven?.feed(event);
    const hooks = linkHooks(context, feed);
    const links = await openLinks(configuration.links, { links: network.links, clock, hooks });
    const commands = desk((ticket, command) => feed({ type: "command", ticket, command }));
    const { answered } = commands;
    const options = sessionOptions(configuration, wallClock());
    const session = new Session(options, clock.now());
    const encoding = {
      windowTracking: options.windowTracking,
      timeout: options.commitTimeoutSeconds === undefined,
    };
    const unreadable = { malformed: 0 };
    const perform = createPerformer({
      ...{ table, clock, log, events, answered, feed, background, encoding, unreadable },
      send: (datagram) => links.send(datagram),
      restore: { windowTracking: options.windowTracking },
      passes: options.passes,
      expectations: options.expects !== undefined,
    });
    driven = drive(sessionMachine(), session, clock, perform);
    const unwatch = followKernel(table, encoding, unreadable, feed);
    onStop(async () => {
      unwatch();
      driven?.stop();
      links.close();
      table.close();
      await network.close();
    });
    context.onReload(() => reload(parts, context, configuration));
    const { now } = clock;
    const status = { session, configuration, links, unreadable, bufferBytes };
    publishMetrics(context.metrics, status, now);
    await serve(verbs({ desk: commands, parts: status, now, stop }));
    await serveOriginals(configuration, context, { desk: commands, parts: status, now, stop });
    const [first] = configuration.links;
    ready(`${configuration.mode} over ${first.kind} on ${first.interface}`);
  });
}

/** Protocols are what the kernel can judge alone: addresses and states of a known flow must be let in at its end. */
function kernelFilter({
  filter: { inKernel, protocols },
}: Configuration): Pick<FlowTableOptions, "protocols"> {
  if (inKernel !== true || protocols === undefined) return {};
  return { protocols: { accepts: protocols.policy === "accept", numbers: protocols.numbers } };
}

function linkHooks({ log }: DaemonContext, feed: (event: SessionEvent) => void): LinkSetHooks {
  const name = ({ interface: device }: SyncLink) => device;
  return {
    received: (from, bytes) => feed({ type: "datagram", from, bytes }),
    connected: () => feed({ type: "connected" }),
    broken: (link, problem) =>
      log.warn(
        { event: "link.broken", link: name(link), problem },
        `synchronisation link on ${name(link)}: ${problem}`,
      ),
    works: (link) =>
      log.info({ event: "link.open", link: name(link) }, `synchronisation link on ${name(link)} is open`),
    switched(link) {
      if (link === undefined) log.error({ event: "link.none" }, "no dedicated links available!");
      else
        log.warn(
          { event: "link.switched", link: name(link) },
          `device \`${name(link)}' becomes dedicated link`,
        );
    },
  };
}

/** What conntrackd's scripts and clients look for: its lock file and its control socket. */
async function serveOriginals(
  { lockFile, controlPath }: Configuration,
  { log, onStop }: DaemonContext,
  legacy: Parameters<typeof serveLegacySocket>[1],
): Promise<void> {
  const refused = (what: string, error: unknown) => {
    const problem = error instanceof Error ? error.message : String(error);
    log.warn({ event: "start.degraded", problem }, `${what}: ${problem}`);
  };
  try {
    if (lockFile !== undefined) {
      const release = takeLockFile(lockFile);
      onStop(async () => release());
    }
  } catch (error) {
    refused("LockFile", error);
  }
  try {
    if (controlPath !== undefined) {
      const socket = await serveLegacySocket(controlPath, legacy);
      onStop(async () => socket.close());
    }
  } catch (error) {
    refused("UNIX Path", error);
  }
}

function schedule({ scheduling }: Configuration, { log }: DaemonContext): void {
  if (scheduling === undefined) return;
  try {
    realtime(scheduling.priority);
  } catch (error) {
    const problem = error instanceof Error ? error.message : String(error);
    log.warn({ event: "start.degraded", problem }, `Scheduler: normal scheduling is used: ${problem}`);
  }
}

async function reload(
  { configPath, detached }: DaemonParts,
  context: DaemonContext,
  configuration: Configuration,
): Promise<void> {
  const wanted = await context.reload(configPath, parseConntrackdConf);
  if (wanted === undefined) return;
  context.logTo(logTargets(wanted, detached));
  if (isDeepStrictEqual({ ...wanted, ...LOG_ONLY }, { ...configuration, ...LOG_ONLY })) return;
  const text = "the configuration changed: restart ctsyncd to use it";
  context.log.warn({ event: "config.needs-restart" }, text);
}
