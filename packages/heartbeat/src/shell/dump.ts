/** `heartbeat -v` and `heartbeat -D`: the configuration and the defaults as text, in the form of the original. */

import { describeMedium } from "../media/open-medium.js";
import type { Configuration } from "./configuration.js";
import { DEFAULTS, parametersOf } from "./parameters.js";
import { VERSION } from "./version.js";

/** What has no default in the original's table: name, what it is, and before which name of that table it is printed. */
const BESIDE: readonly (readonly [name: string, what: string, before: string])[] = [
  ["deadping", "ping deadtime", "baud"],
  ["initdead", "initial deadtime", "baud"],
  ["warntime", "warning time", "baud"],
  ["watchdog", "watchdog device", "baud"],
  ["udpport", "UDP port number", "auto_failback"],
  ["logfacility", "syslog log facility", "auto_failback"],
  ["logfile", "log file", "auto_failback"],
  ["debugfile", "debug file", "auto_failback"],
  ["rtprio", "realtime priority", "hbgenmethod"],
  ["debug", "debug level", "msgfmt"],
  ["use_logd", "use logging daemon", "conn_logd_time"],
  ["coreroot", "set root directory of core dump area", "pacemaker"],
];

/** The files as heartbeat understood them, every default filled in. */
export function dumpConfiguration({ haCf }: Pick<Configuration, "haCf">, node: string): string {
  const parameters = parametersOf(haCf);
  const line = (name: string, what: string) =>
    parameters.has(name) ? [`${name}\t${parameters.get(name)}\t#\t${what}`] : [];
  const known = DEFAULTS.flatMap(([name, , what]) => [
    ...BESIDE.filter(([, , before]) => before === name).flatMap(([own, text]) => line(own, text)),
    ...line(name, what),
  ]);
  const rule = `#${"-".repeat(51)}`;
  return [
    `#\n#\tLinux-HA heartbeat configuration (on ${node})\n#\n`,
    `${rule}\n#\n#\tHA configuration and status\n#`,
    ...known,
    "#\n#\tHA Cluster nodes:\n#",
    ...[...haCf.nodes, ...haCf.pingNodes.map(({ name }) => name)].map((name) => `node ${name}`),
    "#\n#\tCommunications media:\n#",
    ...haCf.media.map(describeMedium),
    ...haCf.pingNodes.map(({ kind, name }) => `${kind} ${name}`),
    rule,
  ].join("\n");
}

const WIDTHS = [25, 10] as const;

/** The directives that have a default. */
export function dumpDefaults(asWiki: boolean): string {
  if (asWiki) return wikiPage();
  const row = (name: string, value: string, what: string) =>
    `${name.padEnd(WIDTHS[0])}${value.padEnd(WIDTHS[1])}${what}`;
  return [
    row("Directive", "Default", "Description"),
    "-".repeat(80),
    ...DEFAULTS.map((one) => row(...one)),
  ].join("\n");
}

function wikiPage(): string {
  const page = (name: string) =>
    name.replaceAll(/(^|_)([a-z])/g, (_all, _before, letter: string) => letter.toUpperCase());
  return [
    "##Put this output in the ha.cf/DefaultValues page",
    "The [wiki:ha.cf ha.cf] directives with default values are shown below - along with a brief description.",
    `This was produced by {{{heartbeat -DW}}} ''# (version ${VERSION})''\n`,
    "||''Directive''||''Default''||''Description''||",
    ...DEFAULTS.map(
      ([name, value, what]) => `||[wiki:ha.cf/${page(name)}Directive ${name}]||${value}||${what}||`,
    ),
  ].join("\n");
}
