/**
 * Every parameter of ha.cf with the value in force, as text: `HA_<name>` of scripts, `cl_status hbparameter`.
 *
 * As written where it was written, else the default in the original's words; computed times have the unit `ms`.
 * Source: `heartbeat -D` and the environment of a script of the running original.
 */
import type { HaCf } from "../config/ha-cf.js";

/** In the order of `heartbeat -D`: name, default, what it is. */
export const DEFAULTS: readonly (readonly [name: string, value: string, what: string])[] = [
  ["cluster", "linux-ha", "the name of cluster"],
  ["hopfudge", "1", "# of hops above cluster size"],
  ["keepalive", "1000ms", "keepalive time"],
  ["deadtime", "30000ms", "node deadtime"],
  ["baud", "19200", "baud rate"],
  ["auto_failback", "legacy", "auto failback"],
  ["hbgenmethod", "file", "protocol generation computation method"],
  ["realtime", "true", "enable realtime behavior?"],
  ["msgfmt", "classic", "message format in the wire"],
  ["conn_logd_time", "60", "the interval to reconnect to logd"],
  ["log_badpack", "true", "warn about bad packets"],
  ["syslogmsgfmt", "true", "log to files in syslog format"],
  ["coredumps", "true", "enable Linux-HA core dumps"],
  ["pacemaker", "false", "enable Pacemaker resource management"],
  ["autojoin", "none", "set automatic join mode/style"],
  ["uuidfrom", "file", "set the source for uuid"],
  ["compression", "zlib", "set compression module"],
  ["compression_threshold", "2", "set compression threshold"],
  ["traditional_compression", "no", "set traditional_compression"],
  ["max_rexmit_delay", "250", "set the maximum rexmit delay time"],
  ["record_config_changes", "on", "record changes to the cib (valid only with: pacemaker on)"],
  [
    "record_pengine_inputs",
    "on",
    "record the input used by the policy engine (valid only with: pacemaker on)",
  ],
  ["enable_config_writes", "on", "write configuration changes to disk (valid only with: pacemaker on)"],
  ["memreserve", "6500", "number of kbytes to preallocate in heartbeat"],
];

/** What names members, links, programs or devices is no parameter of the original. */
const NOT_PARAMETERS = new Set(
  (
    "node bcast udp ucast ucast6 mcast mcast6 serial ping ping6 ping_group respawn failfast apiauth env " +
    "stonith stonith_host viplease ipfail vipwatch otherkeys scriptlimit scriptunits stopfailure monitor"
  ).split(" "),
);

export function parametersOf(haCf: HaCf): ReadonlyMap<string, string> {
  const { warntime, initdead, deadping, debug } = haCf;
  return new Map([
    ...DEFAULTS.map(([name, value]): [string, string] => [name, value]),
    ["warntime", `${warntime}ms`],
    ["initdead", `${initdead}ms`],
    ["deadping", `${deadping}ms`],
    ["udpport", "694"],
    ["crm", "false"],
    ["debug", String(debug)],
    ...[...haCf.parameters].filter(([name]) => !NOT_PARAMETERS.has(name)),
  ]);
}
