/** Core, media, resources and disk, put together: what a running heartbeat is made of. */
import { readFileSync } from "node:fs";
import type { DaemonContext } from "@systole/daemon";
import type { Network } from "@systole/kernel";
import { type Driven, drive } from "@systole/machine";
import { clusterMachine, holdVerdict } from "../core/cluster.js";
import type { CoreEvent } from "../core/event.js";
import type { Note } from "../core/note.js";
import { type Boot, booted, type ClusterState } from "../core/state.js";
import { logLines } from "../log-lines.js";
import { makeResource } from "../resources/catalogue.js";
import { controlCall } from "../resources/control-call.js";
import { createRunner, type Runner, type RunnerGroup, type RunnerLog } from "../resources/runner.js";
import { type Answers, createAnswers } from "./answers.js";
import type { Configuration } from "./configuration.js";
import { createDropLog, type DropLog } from "./drop-log.js";
import { scriptEnvironment } from "./environment.js";
import { storeGeneration } from "./generation-file.js";
import type { LastWordFile } from "./last-word.js";
import { createMediaSet, type MediaSet } from "./media-set.js";
import { lineOf } from "./notes.js";
import { paths } from "./paths.js";
import { createPerformer } from "./performer.js";
import { createReceiver } from "./receiver.js";
import { createTransmitter } from "./transmitter.js";

export interface AssemblyDependencies {
  readonly context: DaemonContext;
  readonly kernel: Network;
  readonly uuid: Uint8Array;
  readonly configuration: Configuration;
  readonly lastWord: LastWordFile;
  /** The clean stop of the core is done. */
  readonly finished: () => void;
}

export interface Assembly {
  readonly runner: Runner;
  readonly media: MediaSet;
  readonly answers: Answers;
  readonly dropped: DropLog;
  /** The present configuration; a reload replaces it. */
  configuration(): Configuration;
  /** The groups of the present configuration. */
  groups(): readonly RunnerGroup[];
  feed(event: CoreEvent): void;
  state(): ClusterState;
  /** From here on the core decides. */
  begin(boot: Boot): void;
  /** Keys, lease, groups and settings of a new configuration. The media are the caller's. */
  replace(configuration: Configuration): void;
}

export function assemble(dependencies: AssemblyDependencies): Assembly {
  const { context, kernel, uuid, lastWord, finished } = dependencies;
  const { clock, log, node, wallClock, events, background } = context;
  const groups = new Map<string, RunnerGroup>();
  let configuration = dependencies.configuration;
  let cluster: Driven<ClusterState, CoreEvent> | undefined;

  const running = (): Driven<ClusterState, CoreEvent> => {
    if (cluster === undefined) throw new Error("the cluster has not begun");
    return cluster;
  };
  const feed = (event: CoreEvent): void => cluster?.feed(event);
  const know = () => {
    for (const group of configuration.haresources) groups.set(group.key, group);
  };
  know();

  const dropped = createDropLog(clock, (line) => {
    if (configuration.haCf.logBadPackets) log.warn({ event: "datagram.dropped" }, line);
  });
  const receiver = createReceiver({
    local: node,
    localUuid: uuid,
    keys: () => configuration.keys,
    nodes: () => configuration.settings.nodes,
    accept: feed,
    drop: dropped.dropped,
    log: (line) => log.warn({ event: "node.uuid" }, line),
  });
  const media = createMediaSet({
    clock,
    kernel,
    handlers: {
      received: (datagram, medium) => receiver.receive(datagram, medium.name),
      warn: (problem) => log.warn({ event: "medium.failed" }, problem),
      info: (text) => log.info({ event: "medium.works" }, text),
    },
  });
  const transmitter = createTransmitter({
    node,
    uuid,
    keys: () => configuration.keys,
    ttl: () => configuration.settings.nodes.length + configuration.haCf.hopfudge,
    innerAuth: () => configuration.haCf.framing === "classic",
    uuidOf: receiver.uuidOf,
    wallClock,
    load: () => readFileSync("/proc/loadavg", "latin1").trim(),
    out: media.send,
  });
  const runner = createRunner(
    { stopRetries: stopRetries(configuration) },
    { clock, log: runnerLog(context), make: (spec, group) => makeResource(spec, resourceWorld(group)) },
  );
  const answers = createAnswers(clock);
  const perform = createPerformer({
    clock,
    transmitter,
    runner,
    lastWord,
    group: (key) => groups.get(key),
    feed,
    storeGeneration: (generation) => {
      log.info({ event: "generation" }, logLines.generation(generation));
      return storeGeneration(paths.generation, generation);
    },
    publish: events.publish,
    log: noteLogger(context, (group) => groups.get(group) && preferredOf(configuration, group)),
    answer: answers.answer,
    finished,
    background,
  });

  function resourceWorld(group: string) {
    return {
      clock,
      kernel,
      node,
      leaseSeconds: () => configuration.leaseSeconds,
      mayHold() {
        // Asked twice at the most: `ask-again` means that this process was frozen between the two lines.
        for (let attempt = 0; attempt < 2; attempt++) {
          feed({ type: "holding", group });
          const verdict = holdVerdict(running().state(), group, clock.now());
          if (verdict !== "ask-again") return verdict === "hold";
        }
        return false;
      },
      publish: events.publish,
      warn: (problem: string) => log.warn({ event: "resource.problem", group }, problem),
      call: controlCall(clock),
      date: () => new Date(wallClock()).toString(),
      folders: paths.resourceFolders,
      environment: () => scriptEnvironment(configuration.haCf, { local: node, alone: isAlone() }),
      printed: (script: string, line: string) => log.debug({ event: "script.output", script }, line),
    };
  }

  const isAlone = (): boolean =>
    ![...running().state().peers.values()].some(({ liveness }) => liveness.kind === "alive");

  return {
    runner,
    media,
    answers,
    dropped,
    configuration: () => configuration,
    groups: () => configuration.haresources,
    feed,
    state: () => running().state(),
    begin(boot) {
      const initial = booted(configuration.settings, boot, clock.now());
      cluster = drive(clusterMachine(), initial, clock, perform);
    },
    replace(next) {
      configuration = next;
      know();
      feed({ type: "configured", settings: next.settings });
    },
  };
}

/** `env STOPRETRYMAX=n` of ha.cf, as the original's scripts read it; 10 unless told otherwise. */
function stopRetries({ haCf }: Configuration): number {
  const wanted = Number(haCf.environment.get("STOPRETRYMAX") ?? "10");
  return Number.isInteger(wanted) && wanted > 0 ? Math.min(wanted, 1000) : 10;
}

const preferredOf = ({ haresources }: Configuration, key: string): string | undefined =>
  haresources.find((group) => group.key === key)?.preferred;

function runnerLog({ log }: DaemonContext): RunnerLog {
  return {
    running: ({ script, args, text }, action) =>
      log.info({ event: `resource.${action}`, resource: text }, logLines.running(script, args, action)),
    failed: ({ text }, action, problem) =>
      log.error({ event: "resource.failed", resource: text, action }, `${text} ${action}: ${problem}`),
    givingUp: ({ text }) =>
      log.error({ event: "group.given-up", resource: text }, logLines.givingUpGroup(text)),
  };
}

function noteLogger(
  { log, node }: DaemonContext,
  preferred: (group: string) => string | undefined,
): (note: Note) => void {
  return (note) => {
    const { level, text } = lineOf(note, node, preferred);
    log[level]({ event: note.kind }, text);
  };
}
