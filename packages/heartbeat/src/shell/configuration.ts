/** The three files as one configuration, for start, reload and `heartbeat -r`. */
import { createHash } from "node:crypto";
import { readFileSync, statSync } from "node:fs";
import { type Diagnostic, hasErrors, headline, type Parsed, render, type Source } from "@systole/config";
import { keyFileModeProblem, parseAuthkeys } from "../config/authkeys.js";
import { type HaCf, parseHaCf } from "../config/ha-cf.js";
import { type Haresources, parseHaresources } from "../config/haresources.js";
import { leaseFor } from "../core/lease.js";
import type { ClusterSettings } from "../core/settings.js";
import { argumentProblem } from "../resources/argument-problem.js";
import { problemOf } from "../resources/resource.js";
import type { KeyRing } from "../wire/signature.js";
import { ownMacs } from "./claim-watch.js";
import { machineSurroundings } from "./surroundings.js";

export interface ConfigurationFiles {
  readonly haCf: string;
  readonly haresources: string;
  readonly authkeys: string;
}

export interface Configuration {
  readonly haCf: HaCf;
  readonly haresources: Haresources;
  readonly keys: KeyRing;
  readonly settings: ClusterSettings;
}

export interface ConfigurationResult {
  /** Undefined exactly if there is an error in any file. */
  readonly value: Configuration | undefined;
  /** Every complaint about every file, with its caret. */
  readonly rendered: readonly string[];
  /** The same, one line each. */
  readonly headlines: readonly string[];
}

/**
 * Reads all three files, and complains about all of them in one run.
 *
 * @param canGuard the kernel can silence VIPs after milliseconds: without it a short deadtime has no lease.
 */
export function readConfiguration(
  files: ConfigurationFiles,
  local: string,
  interfaces: Parameters<typeof machineSurroundings>[1],
  canGuard = true,
): ConfigurationResult {
  const around = machineSurroundings(local, interfaces);
  const rendered: string[] = [];
  const headlines: string[] = [];
  let errors = false;

  function parse<Value>(path: string, parser: (source: Source) => Parsed<Value>): Value | undefined {
    const source = readSource(path);
    const { value, diagnostics } =
      "text" in source ? parser(source) : { value: undefined, diagnostics: [source] };
    for (const diagnostic of diagnostics) {
      rendered.push("text" in source ? render(diagnostic, source) : headline(diagnostic));
      headlines.push(headline(diagnostic));
    }
    errors ||= hasErrors(diagnostics);
    return value;
  }

  const haCf = parse(files.haCf, (source) => parseHaCf(source, around));
  const keys = parse(files.authkeys, (source) => withMode(parseAuthkeys(source), source.path));
  // Without the nodes of ha.cf every line of haresources would look wrong.
  const haresources =
    haCf && parse(files.haresources, (source) => withArguments(parseHaresources(source, haCf.nodes), source));
  if (errors || haCf === undefined || keys === undefined || haresources === undefined) {
    return { value: undefined, rendered, headlines };
  }
  const settings = settingsOf(haCf, haresources, local, canGuard);
  if (haCf.vipLease && settings.lease === undefined) {
    const complaint = leaseComplaint(files.haCf, canGuard);
    rendered.push(complaint);
    headlines.push(complaint.split("\n")[0]!);
  }
  return { value: { haCf, haresources, keys, settings }, rendered, headlines };
}

/** The file's text, or why there is none. */
export function readSource(path: string): Source | Diagnostic {
  try {
    return { path, text: readFileSync(path, "utf8") };
  } catch (error) {
    const missing = error instanceof Error && "code" in error && error.code === "ENOENT";
    const message = missing ? "no such file" : problemOf(error);
    return { path, span: undefined, severity: "error", code: "unreadable", message };
  }
}

function withMode(parsed: Parsed<KeyRing>, path: string): Parsed<KeyRing> {
  const problem = keyFileModeProblem(path, statSync(path).mode);
  return problem === undefined ? parsed : { ...parsed, diagnostics: [problem, ...parsed.diagnostics] };
}

/** What built-in resources cannot make sense of is a mistake in haresources, found before anything is started. */
function withArguments(parsed: Parsed<Haresources>, { path }: Source): Parsed<Haresources> {
  const diagnostics: Diagnostic[] = [...parsed.diagnostics];
  for (const resource of (parsed.value ?? []).flatMap(({ resources }) => resources)) {
    const problem = argumentProblem(resource);
    if (problem !== undefined)
      diagnostics.push({
        path,
        span: resource.at,
        severity: "error",
        code: "bad-argument",
        message: problem,
      });
  }
  return { value: parsed.value, diagnostics };
}

function settingsOf(haCf: HaCf, haresources: Haresources, local: string, canGuard: boolean): ClusterSettings {
  const { nodes, keepalive, deadtime, warntime, initdead, maxRexmitDelay, autoFailback, vipLease } = haCf;
  const { pingNodes, deadping, otherKeys } = haCf;
  const groups = haresources.map(({ key, preferred, resources }) => ({
    key,
    preferred,
    resources: resources.map(({ text }) => text),
  }));
  return {
    local,
    nodes,
    keepalive,
    deadtime,
    warntime,
    initdead,
    maxRexmitDelay,
    autoFailback,
    groups,
    digest: digestOf({ nodes: nodes.toSorted(), autoFailback, groups }),
    pings: { nodes: pingNodes.map(({ name }) => name), deadtime: deadping },
    ipFail: haCf.ipFail,
    otherKeys,
    ...(haCf.monitor && { monitor: haCf.monitor }),
    ...(haCf.vipWatch && { macs: ownMacs() }),
    lease: vipLease ? leaseFor({ keepalive, deadtime }, canGuard) : undefined,
    fencing: haCf.fenceDevice !== undefined,
  };
}

/** Of what the nodes of a cluster must have in common; the order of the node lines changes nothing. */
const digestOf = (shared: Pick<ClusterSettings, "nodes" | "autoFailback" | "groups">): string =>
  createHash("sha256").update(JSON.stringify(shared)).digest("hex").slice(0, 16);

const leaseComplaint = (path: string, canGuard: boolean): string =>
  headline({
    path,
    span: undefined,
    severity: "warning",
    code: "no-lease",
    message:
      "deadtime is too short for a VIP lease, a frozen node keeps its VIPs: " +
      (canGuard
        ? "deadtime must be more than three keepalives and 10 ms"
        : "without nftables deadtime - keepalive - 0.5 s must be at least 1 s and two keepalives"),
  });
