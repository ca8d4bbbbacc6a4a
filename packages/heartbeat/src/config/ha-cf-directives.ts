/** Every directive of ha.cf and what it does to the draft. */
import { readDurationMs, readYesNo } from "@systole/config";
import { milliseconds } from "@systole/machine";
import { apiauth, clientProgram } from "./ha-cf-clients.js";
import { stonith, stonithHost, watchdog } from "./ha-cf-fence.js";
import { baud, bcast, mcast, serial, ucast } from "./ha-cf-media.js";
import { monitor } from "./ha-cf-monitor.js";
import { ping, pingGroup } from "./ha-cf-ping.js";
import {
  type Directive,
  ignored,
  oneOf,
  readNumber,
  readPort,
  refused,
  TIMES,
  text,
  time,
  whole,
  yesNo,
} from "./ha-cf-values.js";

/** What fits into the original's int. */
const MOST = 2_000_000_000;

const node: Directive = {
  takes: "option",
  apply(word, { draft, complain }) {
    if (word.text.length > 99)
      complain("error", "name-too-long", word, "a node name has at most 99 characters");
    else draft.nodes.push({ value: word.text.toLowerCase(), at: word });
  },
};

const autoFailback: Directive = {
  takes: "option",
  apply(word, { draft, complain }) {
    const value = readYesNo(word.text);
    const message = `auto_failback: "${word.text}" is not known`;
    if (value !== undefined) draft.autoFailback = value ? "on" : "off";
    else if (word.text.toLowerCase() === "legacy") draft.autoFailback = "legacy";
    else complain("error", "bad-value", word, message, "one of: on off legacy");
  },
};

/** Obsolete: `nice_failback on` meant that groups stay where they are. */
const niceFailback: Directive = {
  takes: "option",
  apply(word, { draft, complain, name }) {
    const value = readYesNo(word.text);
    if (value === undefined)
      complain("error", "bad-boolean", word, `nice_failback: "${word.text}" is neither yes nor no`);
    else {
      draft.autoFailback = value ? "off" : "legacy";
      const hint = `write auto_failback ${draft.autoFailback}`;
      complain("warning", "obsolete", name, "nice_failback is obsolete", hint);
    }
  },
};

/** Each kind of medium keeps the port that it saw first. */
const udpport: Directive = {
  takes: "option",
  apply(word, { draft, complain, around }) {
    const port = readPort(word, "udpport", complain);
    if (port === undefined) return;
    draft.udpport = port;
    const other = around.serviceOf(port);
    if (other !== undefined && other !== "ha-cluster")
      complain("warning", "port-of-another", word, `udpport: /etc/services calls port ${port} ${other}`);
  },
};

/** A Pacemaker switch: off is what we are, anything else is another product. */
const pacemaker: Directive = {
  takes: "option",
  apply(word, { draft, complain, name }) {
    if (draft.pacemakerSaid) {
      complain("error", "given-twice", word, `${name.text}: crm or pacemaker can be given once only`);
      return;
    }
    draft.pacemakerSaid = true;
    if (readYesNo(word.text) === false) return;
    const message = `${name.text} ${word.text}: Pacemaker clusters are not supported`;
    const hint = "Systole runs clusters with haresources; keep Pacemaker clusters on corosync";
    complain("error", "pacemaker", word, message, hint);
  },
};

const autojoin: Directive = {
  takes: "option",
  apply(word, { complain }) {
    if (word.text.toLowerCase() === "none") return;
    const hint = "write autojoin none, name each node";
    complain("error", "autojoin", word, "haresources conflicts with autojoin", hint);
  },
};

const env: Directive = {
  takes: "option",
  apply(word, { draft, complain }) {
    const [, name, , value = ""] = /^([^=]+)(=(.*))?$/.exec(word.text) ?? [];
    if (name === undefined)
      return complain("error", "bad-value", word, `env: "${word.text}" is not NAME=value`);
    if (!word.text.includes("="))
      complain("warning", "empty-value", word, `env: ${name} has no value`, `${name}=VALUE, without blanks`);
    draft.environment.set(name, value);
  },
};

const maxRexmitDelay: Directive = {
  takes: "option",
  apply(word, { draft, complain, name }) {
    const value = readNumber(word, [1, MOST], name.text, complain);
    if (value !== undefined) draft.maxRexmitDelay = milliseconds(value);
  },
};

/** Read by nobody any more, but a bad value is still a mistake. */
const connLogdTime: Directive = {
  takes: "option",
  apply(word, { complain }) {
    if ((readDurationMs(word.text) ?? 0) > 0) return;
    complain("error", "bad-duration", word, `conn_logd_time: "${word.text}" is not a duration`);
  },
};

/** Compiled out of 3.0.6, which calls it illegal; older files may have it. */
const normalpoll: Directive = {
  takes: "line",
  apply: (_args, { complain, name }) =>
    complain("warning", "obsolete", name, "normalpoll means nothing here", "take the line out"),
};

const otherKeys = oneOf(["wait", "ignore"], "otherKeys");

/** Our own without `#%`: right, until somebody starts a real 3.0.6 with the same file. */
const plainOtherKeys: Directive = {
  takes: "option",
  apply(word, reading) {
    const hint = `write #% otherkeys ${word.text}`;
    reading.complain("warning", "own-directive", reading.name, "heartbeat 3.0.6 refuses this line", hint);
    if (otherKeys.takes === "option") otherKeys.apply(word, reading);
  },
};

const FACILITIES =
  "none kern user mail daemon auth authpriv security syslog lpr news uucp cron ftp mark " +
  "local0 local1 local2 local3 local4 local5 local6 local7";

const IGNORED = ["coreroot", "cluster", "quorum_server", "crm_daemon_dir"];
const ABSENT_PLUGINS = ["hbaping", "rds", "tipc", "openais"];

const MEMBERSHIP: readonly [string, Directive][] = [
  ["node", node],
  ["ping", ping("ping")],
  ["ping6", ping("ping6")],
  ["ping_group", pingGroup],
  ["autojoin", autojoin],
  ["auto_failback", autoFailback],
  ["nice_failback", niceFailback],
  ["otherkeys", plainOtherKeys],
  ["stonith", stonith],
  ["stonith_host", stonithHost],
  ["watchdog", watchdog],
  ["respawn", clientProgram],
  ["failfast", clientProgram],
  ["apiauth", apiauth],
  ["crm", pacemaker],
  ["pacemaker", pacemaker],
];

const WIRE: readonly [string, Directive][] = [
  ["udpport", udpport],
  ["bcast", bcast],
  ["udp", bcast],
  ["ucast", ucast("ucast")],
  ["ucast6", ucast("ucast6")],
  ["mcast", mcast("mcast")],
  ["mcast6", mcast("mcast6")],
  ["serial", serial],
  ["baud", baud],
  ["msgfmt", oneOf(["classic", "netstring"], "framing")],
  ["hopfudge", whole(0, 255, "hopfudge")],
  ["hbgenmethod", oneOf(["file", "time"], "generationFrom")],
  ["max_rexmit_delay", maxRexmitDelay],
  ["uuidfrom", oneOf(["file", "nodename"])],
  ["compression", oneOf(["zlib", "bz2"])],
  ["compression_threshold", whole(1, MOST)],
  ["traditional_compression", yesNo()],
];

const LOG: readonly [string, Directive][] = [
  ["logfile", text("logFile")],
  ["debugfile", text("debugFile")],
  ["logfacility", oneOf(FACILITIES.split(" "), "logFacility")],
  ["use_logd", yesNo("useLogd")],
  ["conn_logd_time", connLogdTime],
  ["syslogmsgfmt", yesNo("syslogFormat")],
  ["debug", whole(0, 255, "debug")],
  ["log_badpack", yesNo("logBadPackets")],
];

const PROCESS: readonly [string, Directive][] = [
  ["env", env],
  ["realtime", yesNo("realtime")],
  ["rtprio", whole(1, 99, "realtimePriority")],
  ["memreserve", whole(1, MOST)],
  ["coredumps", yesNo()],
  ["use_apphbd", yesNo()],
  ["crmd_spawns_pengine", yesNo()],
  ["record_config_changes", yesNo()],
  ["record_pengine_inputs", yesNo()],
  ["enable_config_writes", yesNo()],
  ["normalpoll", normalpoll],
];

export const DIRECTIVES: ReadonlyMap<string, Directive> = new Map<string, Directive>([
  ...TIMES.map((field): [string, Directive] => [field, time(field)]),
  ...[...MEMBERSHIP, ...WIRE, ...LOG, ...PROCESS],
  ...IGNORED.map((name): [string, Directive] => [name, ignored]),
  ...ABSENT_PLUGINS.map((name): [string, Directive] => [
    name,
    refused("no current heartbeat has this plugin"),
  ]),
]);

/** Behind `#%`: what a real 3.0.6 node must not see. */
export const OWN_DIRECTIVES: ReadonlyMap<string, Directive> = new Map([
  ["viplease", yesNo("vipLease")],
  ["ipfail", yesNo("ipFail")],
  ["vipwatch", yesNo("vipWatch")],
  ["otherkeys", otherKeys],
  ["monitor", monitor],
  ["scriptlimit", time("scriptLimit")],
  ["scriptunits", yesNo("scriptUnits")],
  ["stopfailure", oneOf(["hold", "reboot"], "stopFailure")],
]);
