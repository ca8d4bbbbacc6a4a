/** ha.cf while it is being read, and what must hold when all of it was. */
import type { DiagnosticSeverity, Span, Word } from "@systole/config";
import { type Millis, milliseconds, seconds } from "@systole/machine";
import type {
  ClientAccess,
  ClientProgram,
  FenceDevice,
  HaCf,
  MediumConfig,
  PingNodeConfig,
} from "./ha-cf.types.js";
import { DEFAULT_ACCESS } from "./ha-cf-clients.js";

export type Complain = (
  severity: DiagnosticSeverity,
  code: string,
  span: Span | undefined,
  message: string,
  hint?: string,
) => void;

/** A value with the place that set it last. */
export interface Placed<Value> {
  readonly value: Value;
  readonly at: Span;
}

export interface Draft {
  readonly nodes: Placed<string>[];
  readonly media: MediumConfig[];
  /** The paths of serial media; their rate may stand behind them. */
  readonly serials: Word[];
  baud: number | undefined;
  readonly pingNodes: PingNodeConfig[];
  readonly clients: ClientProgram[];
  readonly clientAccess: Map<string, ClientAccess>;
  fenceDevice: FenceDevice | undefined;
  watchdog: HaCf["watchdog"];
  readonly environment: Map<string, string>;
  readonly parameters: Map<string, string>;
  /** Set once the first medium of a kind has fixed its port. */
  readonly ports: Map<MediumConfig["kind"], number>;
  udpport: number;
  keepalive: Placed<Millis> | undefined;
  deadtime: Placed<Millis> | undefined;
  warntime: Placed<Millis> | undefined;
  initdead: Placed<Millis> | undefined;
  deadping: Placed<Millis> | undefined;
  autoFailback: HaCf["autoFailback"] | undefined;
  hopfudge: number;
  maxRexmitDelay: Millis;
  generationFrom: HaCf["generationFrom"];
  framing: HaCf["framing"];
  logFile: string | undefined;
  debugFile: string | undefined;
  logFacility: string | undefined;
  syslogFormat: boolean;
  useLogd: boolean | undefined;
  debug: number;
  realtime: boolean;
  realtimePriority: number;
  logBadPackets: boolean;
  /** `crm` or `pacemaker` was given. */
  pacemakerSaid: boolean;
  vipLease: boolean;
  ipFail: boolean;
  vipWatch: boolean;
  otherKeys: HaCf["otherKeys"];
  monitor: HaCf["monitor"];
  scriptLimit: Placed<Millis> | undefined;
  scriptUnits: boolean;
  stopFailure: HaCf["stopFailure"];
}

/** What never ends holds a takeover no longer than this. */
const DEFAULT_SCRIPT_LIMIT = seconds(300);

/** IANA's port of ha-cluster. */
const HA_CLUSTER_PORT = 694;

/** What serial media do when ha.cf does not say. */
const DEFAULT_BAUD = 19_200;

/** @param port what /etc/services says of ha-cluster. */
export const emptyDraft = (port: number | undefined): Draft => ({
  nodes: [],
  media: [],
  serials: [],
  baud: undefined,
  pingNodes: [],
  clients: [],
  clientAccess: new Map(),
  fenceDevice: undefined,
  watchdog: undefined,
  environment: new Map(),
  parameters: new Map(),
  ports: new Map(),
  udpport: port ?? HA_CLUSTER_PORT,
  keepalive: undefined,
  deadtime: undefined,
  warntime: undefined,
  initdead: undefined,
  deadping: undefined,
  autoFailback: undefined,
  hopfudge: 1,
  maxRexmitDelay: milliseconds(250),
  generationFrom: "file",
  framing: "classic",
  logFile: undefined,
  debugFile: undefined,
  logFacility: undefined,
  syslogFormat: true,
  useLogd: undefined,
  debug: 0,
  realtime: true,
  realtimePriority: 1,
  logBadPackets: true,
  pacemakerSaid: false,
  vipLease: true,
  ipFail: false,
  vipWatch: true,
  otherKeys: "wait",
  monitor: undefined,
  scriptLimit: undefined,
  scriptUnits: true,
  stopFailure: "hold",
});

/** initdead when the file does not say: never so short that a switch port is not forwarding yet. */
function defaultInitdead(deadtime: number): number {
  if (deadtime > 10_000) return deadtime;
  return deadtime < 6_000 ? 12_000 : 2 * deadtime;
}

/** Fills in the defaults and checks what concerns more than one line. */
export function finishDraft(draft: Draft, localNode: string, complain: Complain): HaCf {
  const keepalive = draft.keepalive?.value ?? 1000;
  const deadtime = draft.deadtime?.value ?? 30_000;
  const times = {
    keepalive: milliseconds(keepalive),
    deadtime: milliseconds(deadtime),
    warntime: draft.warntime?.value ?? milliseconds(deadtime / 2),
    initdead: draft.initdead?.value ?? milliseconds(defaultInitdead(deadtime)),
    deadping: draft.deadping?.value ?? milliseconds(deadtime),
  };
  checkTimes(draft, times, complain);
  checkCluster(draft, localNode, complain);
  const { environment, parameters, hopfudge, maxRexmitDelay, generationFrom, framing, debug } = draft;
  const { logFile, debugFile, logFacility, syslogFormat, realtime, realtimePriority, logBadPackets } = draft;
  const { pingNodes, clients, fenceDevice, watchdog, vipLease, ipFail, vipWatch } = draft;
  const { scriptUnits, stopFailure, otherKeys, monitor } = draft;
  return {
    nodes: [...new Set(draft.nodes.map((node) => node.value))],
    ...times,
    autoFailback: draft.autoFailback ?? "legacy",
    media: mediaOf(draft),
    clientAccess: new Map([...DEFAULT_ACCESS, ...draft.clientAccess]),
    ...{ environment, parameters, hopfudge, maxRexmitDelay, generationFrom, framing, debug },
    ...{ logFile, debugFile, logFacility, syslogFormat, realtime, realtimePriority, logBadPackets },
    ...{ pingNodes, clients, fenceDevice, watchdog, vipLease, ipFail, vipWatch, scriptUnits, stopFailure },
    ...{ otherKeys, monitor },
    scriptLimit: draft.scriptLimit?.value ?? DEFAULT_SCRIPT_LIMIT,
  };
}

function mediaOf({ media, serials, baud = DEFAULT_BAUD }: Draft): readonly MediumConfig[] {
  return [
    ...media,
    ...serials.map(({ text, ...at }) => ({ kind: "serial" as const, device: text, baud, at })),
  ];
}

function checkTimes(
  draft: Draft,
  times: Pick<HaCf, "keepalive" | "deadtime" | "deadping" | "initdead">,
  complain: Complain,
) {
  const { keepalive, deadtime, deadping, initdead } = times;
  if (deadtime <= 2 * keepalive) {
    const message = `deadtime ${deadtime} ms must be more than two keepalives of ${keepalive} ms`;
    complain(
      "error",
      "deadtime-too-short",
      (draft.deadtime ?? draft.keepalive)?.at,
      message,
      "at least three is usual",
    );
  }
  if (deadping <= 2 * keepalive && draft.deadping !== undefined) {
    const message = `deadping ${deadping} ms must be more than two keepalives of ${keepalive} ms`;
    complain("error", "deadping-too-short", draft.deadping.at, message);
  }
  if (initdead < deadtime) {
    const message = `initdead ${initdead} ms is shorter than deadtime ${deadtime} ms`;
    complain("error", "initdead-too-short", draft.initdead?.at, message, "twice deadtime is usual");
  } else if (initdead < 10_000 && draft.initdead !== undefined) {
    const message = `initdead ${initdead} ms is short: a switch port may take longer to forward`;
    complain("warning", "initdead-short", draft.initdead.at, message);
  }
}

function checkCluster(draft: Draft, localNode: string, complain: Complain): void {
  const seen = new Set<string>();
  for (const node of draft.nodes) {
    if (seen.has(node.value))
      complain("warning", "duplicate-node", node.at, `node ${node.value} is named twice`);
    seen.add(node.value);
  }
  if (seen.size === 0)
    complain("error", "no-node", undefined, "no node is defined", `add: node ${localNode} PEER`);
  else if (!seen.has(localNode)) {
    const message = `current node [${localNode}] not in configuration`;
    complain(
      "error",
      "not-a-member",
      draft.nodes[0]!.at,
      message,
      `"uname -n" says ${localNode}: name it here`,
    );
  }
  if (seen.size + draft.pingNodes.length > 100)
    complain("error", "too-many-nodes", undefined, "more than 100 nodes, ping nodes among them");
  const media = mediaOf(draft);
  if (media.length === 0) {
    const hint = "add a bcast, mcast or ucast line";
    complain("error", "no-medium", undefined, "no heartbeat media defined", hint);
  }
  if (media.length > 64) complain("error", "too-many-media", media[64]!.at, "more than 64 media");
  if (draft.autoFailback === undefined) {
    const hint = "write auto_failback on, off or legacy";
    complain("warning", "no-auto-failback", undefined, "auto_failback is not set: legacy is used", hint);
  }
  const logsSomewhere = draft.logFile ?? draft.debugFile ?? draft.logFacility;
  if (draft.useLogd === false && logsSomewhere === undefined) {
    const hint = "add logfacility, logfile or debugfile";
    complain("error", "no-log", undefined, "use_logd is off and there is no other place to log to", hint);
  }
}
