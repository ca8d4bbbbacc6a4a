/**
 * Everything beside the cluster's decisions that hears what happens and may say something: API clients, programs of
 * `respawn`, event scripts, weights and sites of nodes.
 */
import { join } from "node:path";
import type { DaemonContext } from "@systole/daemon";
import type { OtherMessage } from "../core/message.js";
import type { Note } from "../core/note.js";
import { viewOf } from "../core/view.js";
import type { RunForeign } from "../resources/foreign-program.js";
import { problemOf } from "../resources/resource.js";
import { type ApiSurroundings, type ClientApi, openClientApi } from "./client-api.js";
import { type ClientPrograms, createClientPrograms } from "./client-programs.js";
import { type ClientStates, createClientStates } from "./client-states.js";
import { endUnits, type StartClient } from "./client-unit.js";
import type { HeartbeatStatus } from "./commands.js";
import { scriptEnvironment } from "./environment.js";
import { createEventScripts } from "./event-scripts.js";
import { memberNamed } from "./members.js";
import { createNewsDesk, newsOf } from "./news.js";
import { createNodeAttributes, type NodeAttributes } from "./node-attributes.js";
import { notifierWords } from "./notifier-words.js";
import { parametersOf } from "./parameters.js";
import { paths } from "./paths.js";
import type { Present } from "./present.js";
import { rebootMachine } from "./reboot.js";
import { endRemembered, rememberPrograms } from "./start-program.js";

export interface NeighbourhoodDependencies {
  readonly context: DaemonContext;
  readonly present: Present;
  readonly status: () => HeartbeatStatus;
  readonly uuidOf: (node: string) => Uint8Array | undefined;
  readonly runForeign: RunForeign;
  readonly startClient: StartClient;
}

export interface Neighbourhood {
  readonly attributes: NodeAttributes;
  readonly clients: ClientStates;
  /** To the cluster or to one node, and to whoever listens here. */
  say(message: OtherMessage, dest?: string): void;
  deliver(from: string, message: OtherMessage): void;
  noted(note: Note): void;
  /** Once the core decides: the API opens, and what an earlier heartbeat left running ends. */
  open(): Promise<void>;
  /** After a reload. */
  use(): Promise<void>;
  /** @param handedOn the next process is waited for: it ends the programs, this one has no time for them. */
  close(handedOn: boolean): Promise<void>;
}

export function createNeighbourhood(dependencies: NeighbourhoodDependencies): Neighbourhood {
  const { context, present, status } = dependencies;
  const { clock, log, node, runDirectory } = context;
  const desk = createNewsDesk();
  const remembered = join(runDirectory, "client-programs");
  const attributes = createNodeAttributes((name) => memberNamed(status(), name) !== undefined);
  const clients = createClientStates({ clock, node, status, say });
  const programs = programsOf(dependencies, () => rememberPrograms(remembered, programs.running()));
  let api: ClientApi | undefined;

  function say(message: OtherMessage, dest?: string): void {
    if (dest !== node) present.feed({ type: "say", message, ...(dest !== undefined && { dest }) });
    if (dest === undefined || dest === node) deliver(node, message);
  }
  function deliver(from: string, message: OtherMessage): void {
    const words = notifierWords(message);
    if (words !== undefined) {
      context.events.publish("info", { kind: "peer.said", peer: from, text: words });
      return;
    }
    attributes.hear(message);
    clients.hear(from, message);
    desk.tell({ kind: "message", from, message });
  }
  desk.listen((news) => api?.tell(news));
  desk.listen(createEventScripts(scriptsOf(dependencies)));

  return {
    ...{ attributes, clients, say, deliver },
    noted(note) {
      if (note.kind === "communication-up") programs.begin();
      for (const news of newsOf(note)) desk.tell(news);
    },
    async open() {
      const { pids, units } = endRemembered(remembered);
      for (const one of [...pids.map((pid) => `process ${pid}`), ...units])
        log.info({ event: "client.ended" }, `${one} of a former heartbeat is ended`);
      await endUnits(units, { clock, pipes: paths.scriptPipes, environment: environmentOf(dependencies) });
      await programs.use(present.configuration.haCf.clients);
      try {
        api = await openClientApi(paths.register, apiWorldOf(dependencies, clients, say));
      } catch (error) {
        log.error({ event: "client-api" }, `no client API at ${paths.register}: ${problemOf(error)}`);
      }
    },
    use: () => programs.use(present.configuration.haCf.clients),
    async close(handedOn) {
      api?.close();
      if (handedOn) return;
      await programs.end();
      rememberPrograms(remembered, []);
    },
  };
}

function apiWorldOf(
  { context, present, status, uuidOf }: NeighbourhoodDependencies,
  clients: ClientStates,
  say: Neighbourhood["say"],
): ApiSurroundings {
  const { node, version, log } = context;
  return {
    ...{ node, version, status, uuidOf },
    parameter: (name) => parametersOf(present.configuration.haCf).get(name),
    clientState: (name, client) => clients.ask(name, client, API_LIMIT_MS),
    times: () => present.configuration.settings,
    access: () => present.configuration.haCf.clientAccess,
    isOnline: clients.isOnline,
    joined: clients.joined,
    left: clients.left,
    say(client, message, dest) {
      const fields = message.fields.filter(([name]) => !OF_CLIENT.has(name));
      say({ ...message, fields: [...fields, ...clients.signature(client)] }, dest);
    },
    warn: (line) => log.warn({ event: "client-api" }, line),
  };
}

const OF_CLIENT = new Set(["from_id", "to_id", "client_gen"]);
/** A client's own patience ends sooner. */
const API_LIMIT_MS = 10_000;

const environmentOf = ({ context, present }: NeighbourhoodDependencies) =>
  scriptEnvironment(present.configuration.haCf, { local: context.node, alone: present.alone });

function programsOf(dependencies: NeighbourhoodDependencies, changed: () => void): ClientPrograms {
  const { clock, log } = dependencies.context;
  return createClientPrograms({
    clock,
    start(program) {
      const running = dependencies.startClient(program, environmentOf(dependencies));
      void Promise.resolve().then(changed);
      return running;
    },
    info: (line) => log.info({ event: "client" }, line),
    warn: (line) => log.warn({ event: "client" }, line),
    error: (line) => log.error({ event: "client" }, line),
    reboot: (why) => rebootMachine(dependencies.context, why),
  });
}

function scriptsOf(dependencies: NeighbourhoodDependencies) {
  const { context, present, runForeign } = dependencies;
  const { clock, log } = context;
  return {
    ...{ clock, runForeign },
    folder: paths.eventFolder,
    dispatcher: paths.dispatcher,
    environment: () => environmentOf(dependencies),
    ownStatus: () => memberStateOf(viewOf(present.state, clock.now()), context.node),
    printed: (line: string) => log.debug({ event: "script.output" }, line),
    warn: (line: string) => log.warn({ event: "event-script" }, line),
  };
}

const memberStateOf = ({ nodes }: Pick<HeartbeatStatus, "nodes">, node: string): string =>
  nodes.find((one) => one.node === node)?.state ?? "up";
