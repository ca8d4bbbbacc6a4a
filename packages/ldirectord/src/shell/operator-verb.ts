/** The verb `server`: an operator takes a real server out, gives it another weight, or takes that back. */
import { ControlError } from "@systole/daemon";
import { milliseconds, plus } from "@systole/machine";
import { formatEndpoint, parseIp } from "@systole/wire";
import type { RealConfig, ServiceConfig } from "../core/configured.js";
import type { DirectorState } from "../core/director-state.js";
import {
  countOverrides,
  MOST_OVERRIDES,
  type OperatorOrder,
  type Override,
  type Target,
} from "../core/override.js";
import { isWeight, type Moment } from "./overrides-file.js";
import { serviceName } from "./reporter.js";

type Args = Readonly<Record<string, unknown>>;

export interface Asked {
  readonly targets: readonly Target[];
  /** Undefined for `ready`. */
  readonly override: Override | undefined;
  /** The targets as people name them; empty for an order about a real server that is no longer configured. */
  readonly named: readonly { readonly service: string; readonly server: string }[];
}

const LONGEST_TEXT = 200;
const LONGEST_MS = 366 * 86_400_000;

/**
 * @param args `order` (drain, ready, maint, weight), `server`, and if wanted `weight`, `service`, `by`, `why`, `forMs`
 * @throws ControlError `bad-request`, `no-such-server`, `too-many`
 */
export function readOrder(args: Args, state: DirectorState, moment: Moment): Asked {
  const order = orderOf(args);
  const found = find(args, state);
  const targets = found.map(({ service, real }) => ({ service: service.key, real: real.key }));
  const named = found.map(({ service, real }) => ({
    service: serviceName(service.virtual.id),
    server: formatEndpoint(real.configured),
  }));
  if (order === "ready") {
    const all = [...targets, ...leftOver(args, state)];
    if (all.length === 0) throw nobody(args, state);
    return { targets: all, override: undefined, named };
  }
  if (targets.length === 0) throw nobody(args, state);
  if (countOverrides(state.overrides) + targets.length > MOST_OVERRIDES)
    throw new ControlError("too-many", `more than ${MOST_OVERRIDES} orders`);
  return { targets, override: overrideFor(order, args, moment), named };
}

function orderOf({ order, weight }: Args): OperatorOrder | "ready" {
  if (order === "drain" || order === "maint") return { kind: order };
  if (order === "ready") return order;
  if (order !== "weight")
    throw new ControlError("bad-request", "order must be drain, ready, maint or weight");
  if (!isWeight(weight)) throw new ControlError("bad-request", "weight must be a number from 0 to 65535");
  return { kind: "weight", weight };
}

function overrideFor(order: OperatorOrder, args: Args, { now, wallMs }: Moment): Override {
  const { forMs } = args;
  if (forMs !== undefined && !(typeof forMs === "number" && forMs > 0 && forMs <= LONGEST_MS))
    throw new ControlError("bad-request", "forMs must be a number of milliseconds, a year at most");
  return {
    order,
    by: text(args.by, "by") ?? "somebody",
    why: text(args.why, "why"),
    sinceMs: wallMs,
    untilMs: forMs === undefined ? undefined : wallMs + forMs,
    until: forMs === undefined ? undefined : plus(now, milliseconds(forMs)),
  };
}

/** One line of a person's words, control characters taken out. */
function text(value: unknown, name: string): string | undefined {
  if (value === undefined) return undefined;
  if (typeof value !== "string") throw new ControlError("bad-request", `${name} must be a text`);
  const line = value
    .replaceAll(/\p{Cc}+/gu, " ")
    .trim()
    .slice(0, LONGEST_TEXT);
  return line === "" ? undefined : line;
}

interface Found {
  readonly service: ServiceConfig;
  readonly real: RealConfig;
}

function find(args: Args, state: DirectorState): readonly Found[] {
  return [...state.services.values()]
    .filter(({ config }) => isService(config, args.service))
    .flatMap(({ config: service, reals }) =>
      [...reals.values()]
        .filter(({ config }) => isServer(config, args.server))
        .map(({ config: real }) => ({ service, real })),
    );
}

/** Orders that still stand for real servers that are not configured any more. */
const leftOver = ({ server }: Args, { overrides, services }: DirectorState): readonly Target[] =>
  [...overrides].flatMap(([service, reals]) =>
    [...reals.keys()]
      .filter((real) => real === server && services.get(service)?.reals.has(real) !== true)
      .map((real) => ({ service, real })),
  );

/** `192.0.2.10:80`, `tcp 192.0.2.10:80`, `tcp:192.0.2.10:80`; for a firewall mark its number. */
function isService({ key, virtual: { id } }: ServiceConfig, wanted: unknown): boolean {
  if (wanted === undefined) return true;
  const place = id.kind === "fwmark" ? String(id.fwmark) : formatEndpoint(id);
  return [key, serviceName(id), place].includes(String(wanted));
}

/** An address alone means all its ports. */
function isServer({ configured, endpoint }: RealConfig, wanted: unknown): boolean {
  const written = String(wanted);
  if ([formatEndpoint(configured), formatEndpoint(endpoint)].includes(written)) return true;
  return parseIp(written.replace(/^\[(.*)\]$/, "$1")) === configured.address;
}

function nobody({ server, service }: Args, state: DirectorState): ControlError {
  const all = [...state.services.values()].flatMap(({ reals }) =>
    [...reals.values()].map(({ config }) => formatEndpoint(config.configured)),
  );
  const some = [...new Set(all)].slice(0, 10);
  const where = service === undefined ? "" : ` in ${String(service)}`;
  return new ControlError(
    "no-such-server",
    `no real server ${String(server)}${where}; there are: ${some.join(" ")}`,
  );
}
