/** What the director reports, as log lines, events for the bus and letters. */
import type { EventLog, LdirectordFact, Severity } from "@systole/bus";
import type { Logger } from "@systole/daemon";
import type { VirtualServiceId } from "@systole/kernel";
import { formatEndpoint } from "@systole/wire";
import type { ServiceConfig } from "../core/configured.js";
import type { Planned, Report } from "../core/director-state.js";
import { describe } from "../core/table-phase.js";
import * as lines from "../log-lines.js";

export interface Reporter {
  report(news: Report): void;
}

/** As the bus names a service: `tcp 192.0.2.10:80`. */
export function serviceName(id: VirtualServiceId): string {
  if (id.kind === "fwmark") return `fwmark ${id.fwmark} ${id.family}`;
  return `${id.protocol} ${formatEndpoint(id)}`;
}

/** @param mail hears every line about a real server or fallback whose entry changed */
export function createReporter(
  log: Logger,
  events: EventLog,
  mail: (service: ServiceConfig, line: string) => void,
): Reporter {
  const publish = (severity: Severity, fact: LdirectordFact) => void events.publish(severity, fact);

  function changed(planned: Planned): void {
    const { service } = planned;
    const line = changeLine(planned);
    log.info({ event: "table.changed", service: service.key, change: planned.change.type }, line);
    if (planned.change.type.endsWith("-real")) mail(service, line);
  }

  function down(news: Extract<Report, { kind: "real-down" }>): void {
    const { service, real, result, active, last } = news;
    const server = formatEndpoint(real.configured);
    const fields = { event: "real-server.down", service: service.key, server, tookMs: result.tookMs };
    log.warn(fields, `Check failed: ${server} (${service.key}): ${result.reason}`);
    if (!active) return;
    publish(last ? "critical" : "warning", {
      kind: "real-server.down",
      service: serviceName(service.virtual.id),
      server,
      reason: result.reason,
      action: service.quiescent ? "quiesced" : "removed",
      ...(result.transcript === undefined ? {} : { transcript: result.transcript }),
    });
  }

  function up(news: Extract<Report, { kind: "real-up" }>): void {
    const { service, real, active, downMs, first } = news;
    const server = formatEndpoint(real.configured);
    log.info(
      { event: "real-server.up", service: service.key, server },
      `Check passed: ${server} (${service.key})`,
    );
    if (!active || first) return;
    publish("notice", {
      kind: "real-server.up",
      service: serviceName(service.virtual.id),
      server,
      weight: real.weight,
      ...(downMs === undefined ? {} : { downMs: Math.round(downMs) }),
    });
  }

  function fallback(news: Extract<Report, { kind: "fallback-used" | "fallback-left" }>): void {
    const { service, active, kind } = news;
    if (!active || service.fallback === undefined) return;
    const used = kind === "fallback-used";
    publish(used ? "critical" : "notice", {
      kind: used ? "fallback.used" : "fallback.left",
      service: serviceName(service.virtual.id),
      server: formatEndpoint(service.fallback.configured),
    });
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
        case "fallback-used":
        case "fallback-left":
          return fallback(news);
      }
    },
  };
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
      const { real, up } = purpose;
      if (change.type === "remove-real") return lines.deletedReal(service, real);
      if (up)
        return change.type === "add-real"
          ? lines.addedReal(service, real)
          : lines.restoredReal(service, real);
      if (change.type === "add-real" && service.readdQuiescent) return lines.readdedReal(service, real);
      return lines.quiescedReal(service, real);
    }
  }
}
