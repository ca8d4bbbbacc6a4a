/** What the director reports, as log lines, events for the bus and letters. */
import type { EventLog, LdirectordFact, Severity } from "@systole/bus";
import type { Logger } from "@systole/daemon";
import type { BalancerChange, VirtualServiceId } from "@systole/kernel";
import { formatEndpoint } from "@systole/wire";
import type { RealConfig } from "../core/configured.js";
import type { Planned, Report } from "../core/director-state.js";
import type { Override } from "../core/override.js";
import { describe } from "../core/table-phase.js";
import * as lines from "../log-lines.js";

export interface Reporter {
  /** A line in the log. */
  report(news: Report): void;
  /** A fact on the bus. */
  publish(news: Report): void;
}

/** As the bus names a service: `tcp 192.0.2.10:80`. */
export function serviceName(id: VirtualServiceId): string {
  if (id.kind === "fwmark") return `fwmark ${id.fwmark} ${id.family}`;
  return `${id.protocol} ${formatEndpoint(id)}`;
}

/** @param mail hears of every change of a real server's or fallback's entry, with its line */
export function createReporter(
  log: Logger,
  events: EventLog,
  mail: (planned: Planned, line: string) => void,
): Reporter {
  const publish = (severity: Severity, fact: LdirectordFact) => void events.publish(severity, fact);

  function changed(planned: Planned): void {
    const { service } = planned;
    const line = changeLine(planned);
    log.info({ event: "table.changed", service: service.key, change: planned.change.type }, line);
    if (planned.change.type.endsWith("-real")) mail(planned, line);
  }

  function down({ service, real, result }: Of<"real-down">): void {
    const server = formatEndpoint(real.configured);
    const fields = { event: "real-server.down", service: service.key, server, tookMs: result.tookMs };
    log.warn(fields, `Check failed: ${server} (${service.key}): ${result.reason}`);
  }

  function up({ service, real }: Of<"real-up">): void {
    const server = formatEndpoint(real.configured);
    const fields = { event: "real-server.up", service: service.key, server };
    log.info(fields, `Check passed: ${server} (${service.key})`);
  }

  function operated(news: Of<"operated">): void {
    const { service, real, override } = news;
    const server = formatEndpoint(real.configured);
    const fields = { event: "real-server.operated", service: service.key, server };
    log.info(fields, `Operator: ${server} (${service.key}): ${orderText(override)}`);
    if (news.active) publish("notice", operatedFact(news));
  }

  function refused({ planned, problem }: Extract<Report, { kind: "refused" }>): void {
    const change = describe(planned.change);
    log.error(
      { event: "table.refused", service: planned.service.key },
      `${change} failed: ${problem}; it is tried again`,
    );
    publish("warning", {
      kind: "table.refused",
      service: serviceName(planned.service.virtual.id),
      change,
      problem,
    });
  }

  return {
    report(news) {
      switch (news.kind) {
        case "changed":
          return changed(news.planned);
        case "refused":
          return refused(news);
        case "unreadable":
          return log.error(
            { event: "table.unreadable" },
            `the table cannot be read: ${news.problem}; it is tried again`,
          );
        case "missing":
          return log.warn(
            { event: "table.missing" },
            `${news.service.key} is gone from the table; it is put back`,
          );
        case "real-up":
          return up(news);
        case "real-down":
          return down(news);
        case "soft-failure": {
          const { service, real, failures, limit, result } = news;
          const line = lines.softFailure(service, real, failures, limit);
          return log.warn({ event: "real-server.soft-failure", reason: result.reason }, line);
        }
        case "soft-reset":
          return log.info({ event: "real-server.soft-reset" }, lines.softReset(news.service, news.real));
        case "operated":
          return operated(news);
        case "fallback-used":
        case "fallback-left":
          return; // the lines of the table's changes say it
      }
    },
    publish(news) {
      const event = eventOf(news);
      if (event !== undefined) publish(...event);
    },
  };
}

type Of<Kind extends Report["kind"]> = Extract<Report, { readonly kind: Kind }>;

/** What the other daemons hear; undefined: nothing, as of a director whose table did not follow. */
function eventOf(news: Report): readonly [Severity, LdirectordFact] | undefined {
  switch (news.kind) {
    case "real-down": {
      const { service, real, result, active, last } = news;
      if (!active) return undefined;
      return [
        last ? "critical" : "warning",
        {
          kind: "real-server.down",
          service: serviceName(service.virtual.id),
          server: formatEndpoint(real.configured),
          reason: result.reason,
          action: service.quiescent ? "quiesced" : "removed",
          ...(result.transcript === undefined ? {} : { transcript: result.transcript }),
        },
      ];
    }
    case "real-up": {
      const { service, real, active, downMs, first } = news;
      if (!active || first) return undefined;
      return [
        "notice",
        {
          kind: "real-server.up",
          service: serviceName(service.virtual.id),
          server: formatEndpoint(real.configured),
          weight: real.weight,
          ...(downMs === undefined ? {} : { downMs: Math.round(downMs) }),
        },
      ];
    }
    case "fallback-used":
    case "fallback-left": {
      const { service, active, kind } = news;
      if (!active || service.fallback === undefined) return undefined;
      const used = kind === "fallback-used";
      const about = {
        service: serviceName(service.virtual.id),
        server: formatEndpoint(service.fallback.configured),
      };
      return [used ? "critical" : "notice", { kind: used ? "fallback.used" : "fallback.left", ...about }];
    }
    default:
      return undefined; // for the log only
  }
}

function operatedFact({ service, real, override }: Of<"operated">): LdirectordFact {
  return {
    kind: "real-server.operated",
    service: serviceName(service.virtual.id),
    server: formatEndpoint(real.configured),
    state: override?.order.kind ?? "ready",
    ...(override?.order.kind === "weight" ? { weight: override.order.weight } : {}),
    ...(override === undefined ? {} : { by: override.by }),
    ...(override?.why === undefined ? {} : { why: override.why }),
  };
}

/** `drain by anna "disk swap"`. */
function orderText(override: Override | undefined): string {
  if (override === undefined) return "ready";
  const { order, by, why } = override;
  const what = order.kind === "weight" ? `weight ${order.weight}` : order.kind;
  return `${what} by ${by}${why === undefined ? "" : ` "${why}"`}`;
}

/** The contract's words for one change that was made. */
export function changeLine({ change, service, purpose }: Planned): string {
  switch (purpose.kind) {
    case "service":
      return change.type === "add-service" ? lines.addedVirtual(service) : lines.changedVirtual(service);
    case "stranger":
      return change.type === "remove-real"
        ? lines.purgedReal(service, change.real, "start")
        : describe(change);
    case "removal": {
      const when = purpose.purpose === "stop" ? "stop" : "start";
      return change.type === "remove-real"
        ? lines.purgedReal(service, change.real, when)
        : lines.purgedVirtual(service, when);
    }
    case "fallback": {
      if (service.fallback === undefined) return describe(change);
      if (change.type === "remove-real") return lines.deletedFallback(service, service.fallback);
      return change.type === "add-real"
        ? lines.addedFallback(service, service.fallback)
        : lines.restoredFallback(service, service.fallback);
    }
    case "real": {
      const { up } = purpose;
      if (change.type === "remove-real") return lines.deletedReal(service, purpose.real);
      if (change.type !== "add-real" && change.type !== "change-real") return describe(change);
      const real = weighed(purpose.real, change);
      if (up)
        return change.type === "add-real"
          ? lines.addedReal(service, real)
          : lines.restoredReal(service, real);
      if (change.type === "add-real" && service.readdQuiescent) return lines.readdedReal(service, real);
      return lines.quiescedReal(service, real);
    }
  }
}

/** With the weight that was really set: an operator's may be another than the configured one. */
const weighed = (
  real: RealConfig,
  change: Extract<BalancerChange, { readonly type: "add-real" | "change-real" }>,
): RealConfig => ({ ...real, weight: change.real.weight });
