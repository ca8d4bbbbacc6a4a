/** What `status` tells on the control socket: the configuration, the verdicts, the table as the kernel has it. */
import type { BalancerTable, TableEntry } from "@systole/kernel";
import type { Instant } from "@systole/machine";
import { formatEndpoint } from "@systole/wire";
import type { DirectorState, RealState } from "../core/director-state.js";
import { type Override, overrideOf } from "../core/override.js";
import { entriesOf } from "../core/plan.js";
import { changeTexts } from "../core/plan-text.js";
import { drift } from "../core/preview.js";
import type { Moment } from "./overrides-file.js";
import { serviceName } from "./reporter.js";

export interface Loaded {
  readonly path: string;
  /** Wall clock, milliseconds since 1970. */
  atMs: number;
  /** A later configuration had errors and was not taken. */
  refused: boolean;
}

/** Plain values only: it becomes JSON. `systole status` reads this shape; a change of it is another `schemaVersion`. */
export function statusOf(
  state: DirectorState,
  loaded: Loaded,
  dataPlane: string,
  table: BalancerTable,
  { now, wallMs }: Moment,
) {
  const entries = entriesOf(table);
  return {
    schemaVersion: 1,
    active: state.role === "active",
    config: loaded.path,
    loadedAt: new Date(loaded.atMs).toISOString(),
    newerConfigRefused: loaded.refused,
    dataPlane,
    services: [...state.services.values()].map(({ config, reals, fallbackUsed }) => ({
      service: serviceName(config.virtual.id),
      scheduler: config.virtual.scheduler,
      quiescent: config.quiescent,
      reals: [...reals.values()].map((real) => ({
        ...realStatus(real, state, entries.get(config.key), now),
        ...operatorStatus(overrideOf(state.overrides, config.key, real.config.key)),
      })),
      ...(config.fallback === undefined
        ? {}
        : { fallback: { server: formatEndpoint(config.fallback.endpoint), used: fallbackUsed } }),
    })),
    drift: changeTexts(drift(state, table, now), table),
    at: new Date(wallMs).toISOString(),
    refused: [...state.table.refused].map(([change, problem]) => `${change}: ${problem}`),
    table: table.map(({ service, reals }) => ({
      service: serviceName(service.id),
      scheduler: service.scheduler,
      reals: reals.map(({ endpoint, forwarding, weight, counters }) => ({
        server: formatEndpoint(endpoint),
        forwarding,
        weight,
        activeConnections: counters.activeConnections,
        inactiveConnections: counters.inactiveConnections,
        connections: Number(counters.connections),
      })),
    })),
  };
}

function operatorStatus(override: Override | undefined) {
  if (override === undefined) return {};
  const { order, by, why, sinceMs, untilMs } = override;
  return {
    operator: {
      state: order.kind,
      ...(order.kind === "weight" ? { weight: order.weight } : {}),
      by,
      ...(why === undefined ? {} : { why }),
      since: new Date(sinceMs).toISOString(),
      ...(untilMs === undefined ? {} : { until: new Date(untilMs).toISOString() }),
    },
  };
}

function realStatus(
  { config, check, up, known, since, why }: RealState,
  state: DirectorState,
  entry: TableEntry | undefined,
  now: Instant,
) {
  const last = check === undefined ? undefined : state.checks.get(check)?.last;
  const inTable = entry?.reals.find(({ endpoint }) => formatEndpoint(endpoint) === config.key);
  const transcript = last?.up === false ? last.transcript?.trimEnd() : undefined;
  return {
    server: formatEndpoint(config.configured),
    forwarding: config.forwarding,
    weight: config.weight,
    state: known ? (up ? "up" : "down") : "not checked yet",
    forMs: Math.round(now - since),
    ...(why === undefined ? {} : { reason: why }),
    ...(transcript === undefined ? {} : { transcript }),
    ...(last === undefined ? {} : { lastCheckMs: last.tookMs }),
    ...(inTable === undefined
      ? {}
      : {
          inTable: {
            weight: inTable.weight,
            activeConnections: inTable.counters.activeConnections,
            inactiveConnections: inTable.counters.inactiveConnections,
          },
        }),
  };
}
