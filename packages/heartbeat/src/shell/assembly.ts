/** Core, media, resources and disk, put together: what a running heartbeat is made of. */
import type { DaemonContext } from "@systole/daemon";
import type { Network } from "@systole/kernel";
import { drive } from "@systole/machine";
import { clusterMachine } from "../core/cluster.js";
import type { Note } from "../core/note.js";
import { type Boot, booted } from "../core/state.js";
import { logLines } from "../log-lines.js";
import { createPinger, type Pinger } from "../media/pinger.js";
import { makeResource } from "../resources/catalogue.js";
import type { RunForeign } from "../resources/foreign-program.js";
import { createRunner, type Runner, type RunnerLog } from "../resources/runner.js";
import { createVipLease } from "../resources/vip-lease.js";
import { type Answers, createAnswers } from "./answers.js";
import { type ClaimWatch, createClaimWatch } from "./claim-watch.js";
import type { HeartbeatStatus } from "./commands.js";
import type { Configuration } from "./configuration.js";
import { createDropLog, type DropLog } from "./drop-log.js";
import { scriptEnvironment } from "./environment.js";
import { createFencer, type Fencer } from "./fencer.js";
import { storeGeneration } from "./generation-file.js";
import { createHeardKeeper, type HeardKeeper } from "./heard-file.js";
import type { LastWordFile } from "./last-word.js";
import { createLeisure, type Leisure } from "./leisure.js";
import { createLoadAverage } from "./load-average.js";
import { createMediaSet, type MediaSet } from "./media-set.js";
import { createNeighbourhood, type Neighbourhood } from "./neighbourhood.js";
import { lineOf } from "./notes.js";
import { createOtherKeys } from "./other-keys.js";
import { createOwnLinks, type OwnLinks } from "./own-links.js";
import { paths } from "./paths.js";
import { createPeerFraming, type PeerFraming } from "./peer-framing.js";
import { createPerformer, type PerformerDependencies } from "./performer.js";
import { Present } from "./present.js";
import { rebootMachine } from "./reboot.js";
import { createReceiver, type Receiver } from "./receiver.js";
import { resourceWorld } from "./resource-world.js";
import { scriptUnits } from "./script-units.js";
import { statusOf } from "./status.js";
import { createTransmitter } from "./transmitter.js";

export interface AssemblyDependencies {
  readonly context: DaemonContext;
  readonly kernel: Network;
  readonly uuid: Uint8Array;
  readonly configuration: Configuration;
  /** False: this node owns nothing. */
  readonly resources: boolean;
  readonly lastWord: Pick<LastWordFile, "sent">;
  /** The clean stop of the core is done. */
  readonly finished: () => void;
  /** The VIPs are left to the next process. */
  readonly handedOn: () => void;
}

export interface Assembly {
  readonly present: Present;
  readonly runner: Runner;
  readonly media: MediaSet;
  readonly pinger: Pinger;
  readonly claims: ClaimWatch;
  readonly answers: Answers;
  readonly heard: HeardKeeper;
  readonly neighbourhood: Neighbourhood;
  /** Log lines and facts that wait. */
  readonly leisure: Leisure;
  readonly status: () => HeartbeatStatus;
  /** Of the present configuration: a reload may bring another device. */
  readonly fencer: () => Fencer | undefined;
  /** From here on the core decides. */
  begin(boot: Boot): void;
}

export function assemble(dependencies: AssemblyDependencies): Assembly {
  const { context, kernel, configuration, lastWord, finished, handedOn } = dependencies;
  const { clock, log, events, background } = context;
  const present = new Present(configuration, dependencies.resources);
  const dropped = createDropLog(clock, (line) => {
    if (present.configuration.haCf.logBadPackets) log.warn({ event: "datagram.dropped" }, line);
  });
  const leisure = createLeisure(clock);
  const publish: PerformerDependencies["publish"] = (severity, fact) =>
    leisure.later(() => events.publish(severity, fact));
  const peerFraming = createPeerFraming();
  const ownLinks = createOwnLinks(clock, () => present.configuration.settings.deadtime);
  const receiver = receiverOf(present, { dropped, peerFraming, ownLinks }, dependencies);
  const media = createMediaSet({
    clock,
    kernel,
    handlers: {
      received: (datagram, medium) => receiver.receive(datagram, medium.name),
      warn: (problem) => log.warn({ event: "medium.failed" }, problem),
      info: (text) => log.info({ event: "medium.works" }, text),
    },
  });
  const lease = createVipLease({
    clock,
    guard: kernel.leaseGuard,
    lease: () => present.configuration.settings.lease,
    warn: (problem) => log.warn({ event: "lease.problem" }, problem),
  });
  const pinger = createPinger({
    clock,
    wallClock: context.wallClock,
    keys: () => present.configuration.keys,
    answered: (node) => present.feed({ type: "ping-reply", node }),
    warn: (problem) => log.warn({ event: "ping.failed" }, problem),
  });
  const claims = createClaimWatch({
    clock,
    kernel,
    feed: (event) => present.feed(event),
    warn: (problem) => log.warn({ event: "claims.unwatched" }, problem),
  });
  const units = scriptUnits(
    clock,
    () => present.configuration.haCf.scriptUnits,
    (line) => log.warn({ event: "script.no-unit" }, line),
  );
  const fencer = () => fencerOf(present, context, units.runForeign);
  const runner = createRunner(
    { stopRetries: () => stopRetries(present.configuration) },
    {
      clock,
      log: runnerLog(context, leisure),
      make: (spec, group) =>
        makeResource(
          spec,
          resourceWorld(group, present, context, kernel, {
            ...{ lease, publish },
            runForeign: units.runForeign,
          }),
        ),
    },
  );
  const answers = createAnswers(clock);
  const status = () =>
    statusOf(context, { present, media, ownLinks, dropped, attributes: neighbourhood.attributes });
  const neighbourhood = createNeighbourhood({
    context,
    present,
    status,
    ...units,
    uuidOf: (name) => receiver.uuidOf(name),
  });
  const logNote = noteLogger(context, present);
  const heard = createHeardKeeper({ path: paths.heard, clock, background });
  const parts: PerformerDependencies = {
    ...{ clock, runner, lease, background, finished, handedOn },
    lastWord: {
      ...lastWord,
      sent(groups, handedOn) {
        lastWord.sent(groups, handedOn);
        heard.look(present.state);
      },
    },
    transmitter: transmitterOf(present, { receiver, media, peerFraming }, dependencies),
    fencer,
    group: (key) => present.group(key),
    feed: (event) => present.feed(event),
    storeGeneration(generation) {
      log.info({ event: "generation" }, logLines.generation(generation));
      return storeGeneration(paths.generation, generation);
    },
    publish,
    log: (note) =>
      leisure.later(() => {
        logNote(note);
        neighbourhood.noted(note);
      }),
    deliver: (from, message) => leisure.later(() => neighbourhood.deliver(from, message)),
    answer: answers.answer,
    stopFailed(resource) {
      log.error({ event: "resource.stop-failed", resource }, logLines.rebootRequired());
      if (present.configuration.haCf.stopFailure === "reboot")
        rebootMachine(context, `${resource} cannot be stopped`);
    },
    ping: () => pinger.ask(),
    askForVips: (groups) => claims.ask(groups),
  };
  return {
    ...{ present, runner, media, pinger, claims, heard, answers, neighbourhood, leisure, status, fencer },
    begin(boot) {
      const initial = booted(present.configuration.settings, boot, clock.now());
      present.begin(drive(clusterMachine(), initial, clock, createPerformer(parts)));
    },
  };
}

function fencerOf(
  present: Present,
  { clock, node }: DaemonContext,
  runForeign: RunForeign,
): Fencer | undefined {
  const { haCf } = present.configuration;
  if (haCf.fenceDevice === undefined) return undefined;
  const environment = scriptEnvironment(haCf, { local: node, alone: present.alone });
  return createFencer(haCf.fenceDevice, { clock, environment, runForeign });
}

function receiverOf(
  present: Present,
  parts: { dropped: DropLog; peerFraming: PeerFraming; ownLinks: OwnLinks },
  { context, uuid }: AssemblyDependencies,
): Receiver {
  const { dropped, peerFraming, ownLinks } = parts;
  const otherKeys = createOtherKeys({
    clock: context.clock,
    local: context.node,
    settings: () => present.configuration.settings,
    feed: (event) => present.feed(event),
  });
  return createReceiver({
    heard: peerFraming.heard,
    heardSelf: ownLinks.heard,
    local: context.node,
    localUuid: uuid,
    keys: () => present.configuration.keys,
    nodes: () => present.configuration.settings.nodes,
    accept: (event) => present.feed(event),
    drop: dropped.dropped,
    unauthentic: otherKeys.unauthentic,
    log: (line) => context.log.warn({ event: "node.uuid" }, line),
  });
}

function transmitterOf(
  present: Present,
  { receiver, media, peerFraming }: { receiver: Receiver; media: MediaSet; peerFraming: PeerFraming },
  { context, uuid }: AssemblyDependencies,
) {
  return createTransmitter({
    node: context.node,
    uuid,
    keys: () => present.configuration.keys,
    ttl() {
      const { nodes, pingNodes, hopfudge } = present.configuration.haCf;
      return nodes.length + pingNodes.length + hopfudge;
    },
    framing: () => peerFraming.wanted(present.configuration.keys),
    innerAuth: () => present.configuration.haCf.framing === "classic",
    uuidOf: (name) => receiver.uuidOf(name),
    wallClock: context.wallClock,
    load: createLoadAverage(context.clock),
    out: media.send,
  });
}

/** `env STOPRETRYMAX=n` of ha.cf, as the original's scripts read it: 10 unless told otherwise, 0 and less for ever. */
function stopRetries({ haCf }: Configuration): number {
  const wanted = Number(haCf.environment.get("STOPRETRYMAX") ?? "10");
  if (!Number.isInteger(wanted)) return 10;
  return wanted > 0 ? wanted : Number.POSITIVE_INFINITY;
}

function runnerLog({ log }: DaemonContext, { later }: Leisure): RunnerLog {
  return {
    running: ({ script, args, text }, action) =>
      later(() =>
        log.info({ event: `resource.${action}`, resource: text }, logLines.running(script, args, action)),
      ),
    failed: ({ text }, action, problem) =>
      later(() =>
        log.error({ event: "resource.failed", resource: text, action }, `${text} ${action}: ${problem}`),
      ),
    givingUp: ({ text }) =>
      later(() => log.error({ event: "group.given-up", resource: text }, logLines.givingUpGroup(text))),
  };
}

function noteLogger({ log, node }: DaemonContext, present: Present): (note: Note) => void {
  return (note) => {
    const { level, text } = lineOf(note, node, (group) => present.preferred(group));
    log[level]({ event: note.kind }, text);
  };
}
