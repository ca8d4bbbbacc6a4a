/**
 * The original's verdict on 356 small files, and what it understood.
 *
 * `keep`: verdict, line of the first error, expected warnings and model agree. `warn`: accepted the same way, with a
 * warning of ours. `fix`: the original is wrong, and `ours` says in words what is right; the numbers here say it again.
 */
import { readFileSync } from "node:fs";
import type { Diagnostic } from "@systole/config";
import { formatEndpoint, isIpv6 } from "@systole/wire";
import { expect, test } from "vitest";
import { checkTimeout, negotiateTimeout } from "../src/config/defaults.js";
import { type LdirectordConfig, parseLdirectordCf } from "../src/config/ldirectord-cf.js";
import type { VirtualConfig } from "../src/config/service-config.js";
import { testSurroundings } from "./names.js";

interface Vector {
  readonly name: string;
  readonly class: "keep" | "warn" | "fix";
  readonly text: string;
  readonly verdict: "accepted" | "rejected";
  readonly ours?: string;
  readonly messages?: readonly { readonly level: "error" | "warning"; readonly line: number | null }[];
  readonly model?: {
    readonly global: Readonly<Record<string, unknown>>;
    readonly virtual: readonly (Readonly<Record<string, unknown>> & {
      readonly real: readonly Readonly<Record<string, unknown>>[];
    })[];
  };
}

const vectors = readFileSync(new URL("../../../test/vectors/ldirectord/parse.jsonl", import.meta.url), "utf8")
  .trim()
  .split("\n")
  .map((line) => JSON.parse(line) as Vector); // the file is ours and has this shape

const parse = (text: string) => parseLdirectordCf({ path: "ldirectord.cf", text }, testSurroundings);
const linesOf = (diagnostics: readonly Diagnostic[], severity: string) =>
  diagnostics.filter((each) => each.severity === severity).map(({ span }) => span?.line ?? 0);

/** Vectors that we do not meet. None may be added without a reason. */
const KNOWN_DIFFERENCES: ReadonlySet<string> = new Set([]);

test("all 356 are here", () => expect(vectors.length).toBe(356));

const kept = vectors.filter((vector) => vector.class !== "fix" && !KNOWN_DIFFERENCES.has(vector.name));
test.each(kept)("$name: $verdict", ({ text, verdict, messages = [], model, class: kind }) => {
  const { value, diagnostics } = parse(text);
  const firstError = messages.find(({ level }) => level === "error")?.line ?? undefined;
  expect({
    verdict: value === undefined ? "rejected" : "accepted",
    line: linesOf(diagnostics, "error")[0],
  }).toEqual({
    verdict,
    line: firstError,
  });
  for (const { level, line } of messages) {
    if (level === "warning") expect(linesOf(diagnostics, "warning")).toContain(line);
  }
  if (kind === "warn") expect(linesOf(diagnostics, "warning")).not.toEqual([]);
  if (value !== undefined && model !== undefined) expect(modelOf(value)).toMatchObject(expectedModel(model));
});

const lineAsFixed = /^reject at line (\d+)/;
const fixed = vectors.filter((vector) => vector.class === "fix");
test.each(fixed)("$name: $ours", ({ text, ours }) => {
  const { value, diagnostics } = parse(text);
  expect(value === undefined ? "reject" : "accept").toBe(ours!.slice(0, 6));
  const line = lineAsFixed.exec(ours!)?.[1];
  if (line !== undefined) expect(linesOf(diagnostics, "error")[0]).toBe(Number(line));
});

const yes = (value: boolean | undefined) => (value === undefined ? undefined : value ? "yes" : "no");

/** What we understood, in the words of the vectors; absent where nothing was said. */
function modelOf({ globals, virtuals }: LdirectordConfig): unknown {
  return {
    global: {
      autoreload: yes(globals.autoReload),
      callback: globals.callback,
      checkcount: globals.checkCount,
      checkinterval: globals.checkInterval,
      checktimeout: globals.checkTimeout,
      negotiatetimeout: globals.negotiateTimeout,
      cleanstop: yes(globals.cleanStop),
      emailalert: globals.emailAlert ?? "",
      emailalertfrom: globals.emailAlertFrom,
      emailalertfreq: globals.emailAlertFrequency,
      emailalertstatus: globals.emailAlertStatus,
      execute: globals.execute,
      failurecount: globals.failureCount,
      fallbackcommand: globals.fallbackCommand,
      fork: yes(globals.fork),
      logfile: globals.logFile,
      maintenancedir: globals.maintenanceDirectory,
      quiescent: yes(globals.quiescent),
      readdquiescent: yes(globals.readdQuiescent),
      smtp: globals.smtp?.host,
      supervised: yes(globals.supervised),
    },
    virtual: virtuals.map((virtual) => virtualModel(virtual, globals)),
  };
}

function virtualModel(
  { service, settings, serviceType }: VirtualConfig,
  globals: LdirectordConfig["globals"],
): unknown {
  const { id } = service.virtual;
  const host = (address: string) => (address.includes(":") ? `[${address}]` : address);
  const { checkType } = settings;
  return {
    id: service.key,
    family: settings.family,
    protocol: id.kind === "fwmark" ? "fwm" : id.protocol,
    ...(id.kind === "fwmark" ? { fwmark: id.fwmark } : { server: host(id.address), port: id.port }),
    checktype: checkType.kind,
    connects_between_negotiates: checkType.kind === "combined" ? checkType.connects : undefined,
    service: serviceType,
    checktimeout: checkTimeout(settings, globals),
    negotiatetimeout: negotiateTimeout(settings, globals),
    checkcount: settings.checkCount ?? globals.checkCount,
    failurecount: settings.failureCount ?? globals.failureCount,
    checkinterval: settings.checkInterval,
    checkport: settings.checkPort,
    scheduler: service.virtual.scheduler,
    schedflags: settings.schedulerFlags.join(",") || undefined,
    persistent: service.virtual.persistence?.timeoutSeconds,
    request: path(settings.request ?? "/"),
    receive: settings.receive ?? "",
    httpmethod: settings.httpMethod,
    virtualhost: settings.virtualHost,
    database: settings.database ?? "",
    secret: settings.secret ?? "",
    checkcommand: settings.checkCommand,
    quiescent: yes(settings.quiescent),
    cleanstop: yes(settings.cleanStop),
    fallbackcommand: settings.fallbackCommand,
    servicename: settings.serviceName,
    comment: settings.comment,
    monitorfile: settings.monitorFile,
    emailalert: settings.emailAlert,
    emailalertfreq: settings.emailAlertFrequency,
    emailalertstatus: settings.emailAlertStatus,
    smtp: settings.smtp?.host,
    ...(service.fallback === undefined
      ? {}
      : {
          fallback: {
            server: host(service.fallback.configured.address),
            port: service.fallback.configured.port,
            forward: service.fallback.forwarding,
          },
        }),
    real: service.reals.map((real) => ({
      server: isIpv6(real.configured.address) ? `[${real.configured.address}]` : real.configured.address,
      port: real.configured.port,
      forward: real.forwarding,
      weight: real.weight,
      ...(real.lowerThreshold > 0 ? { lower: real.lowerThreshold } : {}),
      ...(real.upperThreshold > 0 ? { upper: real.upperThreshold } : {}),
      ...checkModel(real.check),
    })),
  };
}

const path = (request: string) => (request.startsWith("/") ? request : `/${request}`);

function checkModel(check: VirtualConfig["service"]["reals"][number]["check"]): object {
  if (check.kind !== "periodic" || check.spec.type !== "negotiate") return {};
  const { target, request, receive } = check.spec;
  return { checkport: target.port, request: path(request ?? "/"), receive: receive ?? "" };
}

/** The original's model without what we keep elsewhere, or say otherwise on purpose. */
function expectedModel(model: NonNullable<Vector["model"]>): object {
  const { fallback: _f, fallback6: _f6, ...global } = model.global;
  return {
    global,
    virtual: model.virtual.map((virtual) => {
      // Options of ipvsadm are checked through scheduler, persistence and flags; `load` has no effect; logins of ftp
      // and sip are filled in at the check.
      const {
        ipvsadm_service_options: _o,
        load: _l,
        login: _n,
        passwd: _p,
        ops: _x,
        netmask: _m,
        ...rest
      } = virtual;
      const comment = typeof rest.comment === "string" ? { comment: rest.comment.trim() } : {};
      // Same server twice: the last line counts.
      const reals = new Map(rest.real.map((real) => [`${real.server}:${real.port}`, real]));
      return { ...rest, ...comment, real: [...reals.values()].map((real) => realModel(real, virtual)) };
    }),
  };
}

function realModel(
  real: Readonly<Record<string, unknown>>,
  virtual: Readonly<Record<string, unknown>>,
): unknown {
  const asked = virtual.checktype === "negotiate" || virtual.checktype === "combined";
  const spoken = !["none", "ldap", "ldaps", "mysql", "oracle", "pgsql", "radius"].includes(
    String(virtual.service),
  );
  const { url: _u, checkport, request, receive, port, ...rest } = real;
  const target = asked && spoken && checkport !== undefined ? { checkport, request, receive } : {};
  // A port that was not written is the virtual service's.
  return { ...rest, port: port === 0 && virtual.port !== undefined ? virtual.port : port, ...target };
}

test("identities print as the original's, brackets and all", () => {
  const { value } = parse("virtual6=[2001:DB8:0::A]:80\n\treal6=[2001:db8::21] gate\n");
  const [service] = value!.director.services;
  expect([service!.key, formatEndpoint(service!.reals[0]!.endpoint)]).toEqual([
    "tcp:[2001:db8::a]:80",
    "[2001:db8::21]:80",
  ]);
});
