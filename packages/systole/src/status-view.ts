/** `systole status` for people: the cluster, a block for each director, a line for each real server. */
import { table } from "@systole/daemon";
import type { ClusterAnswer } from "./cluster.js";
import { clusterView } from "./cluster-view.js";
import type { DirectorStatus, OperatorStatus, RealStatus, ServiceStatus } from "./director-status.js";
import type { DirectorAnswer } from "./directors.js";
import { overallHealth, serves, serviceHealth } from "./health.js";

export interface ViewOptions {
  /** Also what was said on the connection when a check failed. */
  readonly transcripts: boolean;
  readonly bold: (text: string) => string;
}

/** @param cluster undefined where no heartbeat runs */
export function statusView(
  answers: readonly DirectorAnswer[],
  cluster: ClusterAnswer | undefined,
  options: ViewOptions,
): readonly string[] {
  if (answers.length === 0 && cluster === undefined) return ["neither heartbeat nor ldirectord runs here"];
  const nodes = cluster === undefined ? [] : clusterView(cluster, options.bold);
  const blocks = answers.flatMap((answer) =>
    answer.kind === "silent"
      ? [options.bold(`${answer.daemon}: UNKNOWN`), `  ${answer.problem}`, ""]
      : [...directorView(answer.daemon, answer.status, options), ""],
  );
  return [...nodes, ...blocks, summary(answers, cluster)];
}

function directorView(daemon: string, status: DirectorStatus, options: ViewOptions): readonly string[] {
  const { active, config, loadedAt, newerConfigRefused, dataPlane, services, refused, drift = [] } = status;
  const role = active ? "active" : "standby, the table is left alone";
  return [
    `${options.bold(daemon)}: ${role}, ${dataPlane}, ${config} (loaded ${loadedAt.slice(0, 19)}Z)`,
    ...(newerConfigRefused ? ["  ! the file on disk has errors: the configuration before is in use"] : []),
    ...refused.map((problem) => `  ! refused by the kernel, tried again: ${problem}`),
    ...drift.map((difference) => `  ! kernel differs: ${difference}`),
    ...services.flatMap((service) => ["", ...serviceView(service, options)]),
  ];
}

function serviceView(service: ServiceStatus, { bold, transcripts }: ViewOptions): readonly string[] {
  const { reals, fallback, scheduler } = service;
  const serving = reals.filter(serves).length;
  const health = serviceHealth(service);
  const head = `${service.service}  ${scheduler}  ${serving} of ${reals.length} serve`;
  const rows = reals.map((real) => ["  ", real.server, ...cells(real)]);
  const lines = rows.length === 0 ? [] : table([], rows).trimEnd().split("\n");
  return [
    health === "ok" ? head : bold(`${head}  ${health.toUpperCase()}`),
    ...lines.flatMap((line, index) => [line, ...(transcripts ? said(reals[index]!) : [])]),
    ...(fallback === undefined ? [] : [`  fallback ${fallback.server}${fallback.used ? "  IN USE" : ""}`]),
  ];
}

function cells(real: RealStatus): readonly string[] {
  const { forwarding, inTable, weight, state, forMs, reason, operator } = real;
  const current = inTable === undefined ? "-" : String(inTable.weight);
  const word = state === "down" ? "DOWN" : state;
  const why = [operator === undefined ? undefined : operatorText(operator), reason];
  return [
    forwarding,
    `weight ${current}/${weight}`,
    word,
    ageText(forMs),
    inTable === undefined ? "" : `${inTable.activeConnections} active`,
    why.filter((part) => part !== undefined).join("; "),
  ];
}

export function operatorText({ state, weight, by, why, until }: OperatorStatus): string {
  const what = state === "weight" ? `weight ${weight}` : state;
  const reason = why === undefined ? "" : ` "${why}"`;
  const end = until === undefined ? "" : ` until ${until.slice(0, 19)}Z`;
  return `${what} by ${by}${reason}${end}`;
}

const said = ({ transcript }: RealStatus): readonly string[] =>
  transcript === undefined ? [] : transcript.split("\n").map((line) => `      | ${line}`);

/** `40s`, `12m`, `3h 20m`, `4d 2h`. */
export function ageText(ms: number): string {
  const seconds = Math.floor(ms / 1000);
  const [minutes, hours, days] = [60, 3600, 86_400].map((unit) => Math.floor(seconds / unit)) as [
    number,
    number,
    number,
  ]; // one number for each unit
  if (days > 0) return `${days}d ${hours % 24}h`;
  if (hours > 0) return `${hours}h ${minutes % 60}m`;
  return minutes > 0 ? `${minutes}m` : `${seconds}s`;
}

function summary(answers: readonly DirectorAnswer[], cluster: ClusterAnswer | undefined): string {
  const health = overallHealth(answers, cluster);
  const nodes = cluster?.kind === "status" ? cluster.status.nodes : [];
  const groups = cluster?.kind === "status" ? cluster.status.groups : [];
  const silent = [...answers, ...(cluster === undefined ? [] : [cluster])];
  const down = answers.flatMap((each) =>
    each.kind === "silent" ? [] : each.status.services.flatMap(({ reals }) => reals),
  );
  const counts = [
    [nodes.filter(({ state }) => state === "dead").length, "dead nodes"],
    [groups.flatMap((group) => group.down ?? []).length, "resources down"],
    [down.filter(({ state }) => state === "down").length, "down"],
    [down.filter(({ operator }) => operator !== undefined).length, "changed by an operator"],
    [silent.filter(({ kind }) => kind === "silent").length, "silent daemons"],
  ] as const;
  const details = counts.filter(([count]) => count > 0).map(([count, what]) => `${count} ${what}`);
  return [health, ...details].join(", ");
}
