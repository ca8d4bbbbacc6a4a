/** A plan for people: one line for each change, as it is and as it will be. */
import type { BalancerChange, BalancerTable, RealServer, TableEntry, VirtualService } from "@systole/kernel";
import { formatEndpoint } from "@systole/wire";
import type { Planned } from "./director-state.js";
import { entriesOf, serviceId } from "./plan.js";

export interface PlanText {
  /** One block for each virtual service, then the sum; a single line if nothing would change. */
  readonly lines: readonly string[];
  readonly added: number;
  readonly changed: number;
  readonly removed: number;
}

const MARK = { add: "+", change: "~", remove: "-" } as const;
const kindOf = ({ type }: BalancerChange): keyof typeof MARK =>
  type.startsWith("add") ? "add" : type.startsWith("change") ? "change" : "remove";

/** `tcp:192.0.2.10:80 ~ 10.0.0.12:80  weight 3 -> weight 10`: each change on a line of its own. */
export function changeTexts(planned: readonly Planned[], table: BalancerTable): readonly string[] {
  const entries = entriesOf(table);
  return planned.map((each) => {
    const { key } = each.service;
    return `${key} ${MARK[kindOf(each.change)]} ${lineOf(each, entries.get(key))}`;
  });
}

/** @param table as the plan found it, with counters */
export function planText(planned: readonly Planned[], table: BalancerTable): PlanText {
  const entries = entriesOf(table);
  const blocks = new Map<string, string[]>();
  for (const each of planned) {
    const key = each.service.key;
    const block = blocks.get(key) ?? [key];
    block.push(`  ${MARK[kindOf(each.change)]} ${lineOf(each, entries.get(key))}`);
    blocks.set(key, block);
  }
  const count = (kind: keyof typeof MARK) => planned.filter(({ change }) => kindOf(change) === kind).length;
  const [added, changed, removed] = [count("add"), count("change"), count("remove")];
  const lost = planned.reduce(
    (sum, { change, service }) => sum + connections(change, entries.get(service.key)),
    0,
  );
  const sum = `Plan: ${added} to add, ${changed} to change, ${removed} to remove.`;
  const open = lost === 0 ? "" : ` ${lost} active connections on what is removed.`;
  const lines =
    planned.length === 0 ? ["Plan: no changes."] : [...[...blocks.values()].flat(), `${sum}${open}`];
  return { lines, added, changed, removed };
}

function lineOf({ change, purpose }: Planned, entry: TableEntry | undefined): string {
  switch (change.type) {
    case "add-service":
      return `virtual service  ${serviceWords(change.service).join(", ")}`;
    case "change-service":
      return `virtual service  ${serviceDifference(entry?.service, change.service)}`;
    case "remove-service":
      return `virtual service${activeText(connections(change, entry))}`;
    case "add-real": {
      const { weight } = change.real;
      const waits = purpose.kind === "real" && !purpose.up && weight < purpose.real.weight;
      const later = waits ? `, ${purpose.real.weight} once its check has passed` : "";
      return `${formatEndpoint(change.real.endpoint)}  ${realWords(change.real).join(", ")}${later}`;
    }
    case "change-real": {
      const before = find(entry, formatEndpoint(change.real.endpoint));
      return `${formatEndpoint(change.real.endpoint)}  ${realDifference(before, change.real)}`;
    }
    case "remove-real":
      return `${formatEndpoint(change.real)}${activeText(connections(change, entry))}`;
  }
}

const find = (entry: TableEntry | undefined, key: string) =>
  entry?.reals.find(({ endpoint }) => formatEndpoint(endpoint) === key);

const activeText = (active: number): string => (active === 0 ? "" : `  ${active} active connections`);

/** Active connections that lose their entry by this change. */
function connections(change: BalancerChange, entry: TableEntry | undefined): number {
  if (change.type === "remove-real")
    return find(entry, formatEndpoint(change.real))?.counters.activeConnections ?? 0;
  if (
    change.type !== "remove-service" ||
    entry === undefined ||
    serviceId(change.id) !== serviceId(entry.service.id)
  )
    return 0;
  return entry.reals.reduce((sum, { counters }) => sum + counters.activeConnections, 0);
}

function serviceWords(service: VirtualService): readonly string[] {
  const { scheduler, schedulerFlags, persistence, persistenceEngine, onePacket } = service;
  return [
    `scheduler ${scheduler}`,
    `flags ${schedulerFlags}`,
    persistence === undefined
      ? "not persistent"
      : `persistent ${persistence.timeoutSeconds} s by /${persistence.prefixLength}`,
    persistenceEngine === undefined ? "no engine" : `engine ${persistenceEngine}`,
    onePacket ? "one-packet" : "by connection",
  ].filter((word, index) => index === 0 || !PLAIN.has(word));
}

/** What goes without saying. */
const PLAIN: ReadonlySet<string> = new Set(["flags 0", "not persistent", "no engine", "by connection"]);

function realWords(real: RealServer): readonly string[] {
  const { forwarding, weight, upperThreshold, lowerThreshold, tunnel } = real;
  return [
    forwarding,
    `weight ${weight}`,
    ...(upperThreshold === 0 ? [] : [`at most ${upperThreshold} connections, again below ${lowerThreshold}`]),
    ...(tunnel === undefined
      ? []
      : [`tunnel ${tunnel.type}${tunnel.type === "gue" ? ` port ${tunnel.port}` : ""}`]),
  ];
}

function serviceDifference(before: VirtualService | undefined, after: VirtualService): string {
  return difference(before === undefined ? [] : serviceWords(before), serviceWords(after));
}

const realDifference = (before: RealServer | undefined, after: RealServer): string =>
  difference(before === undefined ? [] : realWords(before), realWords(after));

/** `scheduler rr -> scheduler wlc, + persistent 600 s by /32`. */
function difference(before: readonly string[], after: readonly string[]): string {
  const gone = before.filter((word) => !after.includes(word));
  const come = after.filter((word) => !before.includes(word));
  return `${gone.length === 0 ? "nothing" : gone.join(", ")} -> ${come.length === 0 ? "nothing" : come.join(", ")}`;
}
