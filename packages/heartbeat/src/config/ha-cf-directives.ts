/** Every directive of ha.cf and what it does to the draft. */
import { readDurationMs, readWhole, readYesNo, type Word } from "@systole/config";
import { milliseconds } from "@systole/machine";
import type { Complain, Draft } from "./ha-cf-draft.js";
import { applyBcast, applyMcast, applyUcast } from "./ha-cf-media.js";

/** `option` directives are applied once per argument; `line` directives get all words of the rest of the line. */
export type Directive =
  | {
      readonly takes: "option";
      readonly apply: (draft: Draft, word: Word, complain: Complain, name: Word) => void;
    }
  | {
      readonly takes: "line";
      readonly apply: (draft: Draft, args: readonly Word[], complain: Complain, name: Word) => void;
    };

type Times = "keepalive" | "deadtime" | "warntime" | "initdead" | "deadping";

const time = (field: Times): Directive => ({
  takes: "option",
  apply(draft, word, complain) {
    const value = readDurationMs(word.text);
    if (value === undefined) {
      const hint = "write seconds as 2, milliseconds as 2000ms";
      complain("error", "bad-duration", word, `${field}: "${word.text}" is not a duration`, hint);
    } else if (value <= 0) complain("error", "bad-duration", word, `${field}: must be longer than nothing`);
    else draft[field] = { value: milliseconds(value), at: word };
  },
});

/** A yes-or-no directive; without `store` the value is checked and otherwise ignored. */
const yesNo = (store?: (draft: Draft, value: boolean) => void): Directive => ({
  takes: "option",
  apply(draft, word, complain, name) {
    const value = readYesNo(word.text);
    if (value !== undefined) store?.(draft, value);
    else
      complain(
        "error",
        "bad-boolean",
        word,
        `${name.text}: "${word.text}" is neither yes nor no`,
        "write on or off",
      );
  },
});

const whole = (least: number, most: number, store?: (draft: Draft, value: number) => void): Directive => ({
  takes: "option",
  apply(draft, word, complain, name) {
    const value = readWhole(word.text, least, most);
    if (value !== undefined) store?.(draft, value);
    else
      complain(
        "error",
        "bad-number",
        word,
        `${name.text}: "${word.text}" is not a number from ${least} to ${most}`,
      );
  },
});

const oneOf = (words: readonly string[], store?: (draft: Draft, value: string) => void): Directive => ({
  takes: "option",
  apply(draft, word, complain, name) {
    const value = word.text.toLowerCase();
    if (words.includes(value)) store?.(draft, value);
    else
      complain(
        "error",
        "bad-value",
        word,
        `${name.text}: "${word.text}" is not known`,
        `one of: ${words.join(" ")}`,
      );
  },
});

const text = (store: (draft: Draft, value: string) => void): Directive => ({
  takes: "option",
  apply: (draft, word) => store(draft, word.text),
});

/** Accepted for files that have it; it never changed anything in a cluster of this kind. */
const ignored = (takes: "option" | "line" = "option"): Directive => ({ takes, apply: () => {} });

/** The original can do it, this version cannot yet: said once for each line, never in silence. */
const notYet = (takes: "option" | "line", what: string): Directive => ({
  takes,
  apply(_draft: Draft, _words: unknown, complain: Complain, name: Word) {
    complain("warning", "not-supported-yet", name, `${name.text}: ${what} in this version`);
  },
});

/** Going on without it would put data or services at risk, so the file is refused. */
const refused = (takes: "option" | "line", why: string): Directive => ({
  takes,
  apply(_draft: Draft, _words: unknown, complain: Complain, name: Word) {
    complain("error", "not-supported", name, `${name.text}: ${why}`);
  },
});

const node: Directive = {
  takes: "option",
  apply(draft, word, complain) {
    if (word.text.length > 99)
      complain("error", "name-too-long", word, "a node name has at most 99 characters");
    else draft.nodes.push({ value: word.text.toLowerCase(), at: word });
  },
};

const autoFailback: Directive = {
  takes: "option",
  apply(draft, word, complain) {
    const value = readYesNo(word.text);
    if (value !== undefined) draft.autoFailback = value ? "on" : "off";
    else if (word.text.toLowerCase() === "legacy") draft.autoFailback = "legacy";
    else
      complain(
        "error",
        "bad-value",
        word,
        `auto_failback: "${word.text}" is not known`,
        "one of: on off legacy",
      );
  },
};

/** Obsolete: `nice_failback on` meant that groups stay where they are. */
const niceFailback: Directive = {
  takes: "option",
  apply(draft, word, complain, name) {
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

/** A Pacemaker switch: off is what we are, anything else is another product. */
const pacemaker: Directive = {
  takes: "option",
  apply(_draft, word, complain, name) {
    if (readYesNo(word.text) === false) return;
    const hint = "Systole runs clusters with haresources; keep Pacemaker clusters on corosync";
    complain(
      "error",
      "pacemaker",
      word,
      `${name.text} ${word.text}: Pacemaker clusters are not supported`,
      hint,
    );
  },
};

const autojoin: Directive = {
  takes: "option",
  apply(_draft, word, complain) {
    if (word.text.toLowerCase() === "none") return;
    complain(
      "error",
      "autojoin",
      word,
      "haresources conflicts with autojoin",
      "write autojoin none, name each node",
    );
  },
};

const env: Directive = {
  takes: "option",
  apply(draft, word, complain) {
    const equals = word.text.indexOf("=");
    if (equals < 1) complain("error", "bad-value", word, `env: "${word.text}" is not NAME=value`);
    else draft.environment.set(word.text.slice(0, equals), word.text.slice(equals + 1));
  },
};

const FACILITIES =
  "none kern user mail daemon auth syslog lpr news uucp cron authpriv ftp " +
  "local0 local1 local2 local3 local4 local5 local6 local7";

const TIMES: readonly Times[] = ["keepalive", "deadtime", "warntime", "initdead", "deadping"];

export const DIRECTIVES: ReadonlyMap<string, Directive> = new Map<string, Directive>([
  ["node", node],
  ...TIMES.map((field): [string, Directive] => [field, time(field)]),
  ["auto_failback", autoFailback],
  ["nice_failback", niceFailback],
  [
    "udpport",
    whole(1, 65535, (draft, value) => {
      draft.udpport = value;
    }),
  ],
  ["bcast", { takes: "option", apply: applyBcast }],
  ["udp", { takes: "option", apply: applyBcast }],
  ["ucast", { takes: "line", apply: applyUcast("ucast") }],
  ["ucast6", { takes: "line", apply: applyUcast("ucast6") }],
  ["mcast", { takes: "line", apply: applyMcast("mcast") }],
  ["mcast6", { takes: "line", apply: applyMcast("mcast6") }],
  [
    "logfile",
    text((draft, value) => {
      draft.logFile = value;
    }),
  ],
  [
    "debugfile",
    text((draft, value) => {
      draft.debugFile = value;
    }),
  ],
  [
    "logfacility",
    oneOf(FACILITIES.split(" "), (draft, value) => {
      draft.logFacility = value;
    }),
  ],
  [
    "use_logd",
    yesNo((draft, value) => {
      draft.useLogd = value;
    }),
  ],
  [
    "debug",
    whole(0, 255, (draft, value) => {
      draft.debug = value;
    }),
  ],
  [
    "log_badpack",
    yesNo((draft, value) => {
      draft.logBadPackets = value;
    }),
  ],
  [
    "msgfmt",
    oneOf(["classic", "netstring"], (draft, value) => {
      draft.framing = value === "classic" ? "classic" : "netstring";
    }),
  ],
  [
    "hopfudge",
    whole(0, 255, (draft, value) => {
      draft.hopfudge = value;
    }),
  ],
  [
    "hbgenmethod",
    oneOf(["file", "time"], (draft, value) => {
      draft.generationFrom = value === "time" ? "time" : "file";
    }),
  ],
  [
    "max_rexmit_delay",
    whole(1, 1_000_000, (draft, value) => {
      draft.maxRexmitDelay = milliseconds(value);
    }),
  ],
  [
    "realtime",
    yesNo((draft, value) => {
      draft.realtime = value;
    }),
  ],
  [
    "rtprio",
    whole(1, 99, (draft, value) => {
      draft.realtimePriority = value;
    }),
  ],
  ["env", env],
  ["crm", pacemaker],
  ["pacemaker", pacemaker],
  ["autojoin", autojoin],
  ["conn_logd_time", whole(1, 1_000_000)],
  ["compression", oneOf(["zlib", "bz2"])],
  ["compression_threshold", whole(1, 1_000_000)],
  ["traditional_compression", yesNo()],
  ["memreserve", whole(1, 100_000_000)],
  ["coredumps", yesNo()],
  ["use_apphbd", yesNo()],
  ["syslogmsgfmt", yesNo()],
  ["record_config_changes", yesNo()],
  ["record_pengine_inputs", yesNo()],
  ["enable_config_writes", yesNo()],
  ["uuidfrom", oneOf(["file", "nodename"])],
  ...["coreroot", "cluster", "quorum_server", "crm_daemon_dir", "crmd_spawns_pengine", "normalpoll"].map(
    (name): [string, Directive] => [name, ignored()],
  ),
  ["apiauth", ignored("line")],
  ["serial", notYet("option", "serial media are not opened")],
  ["baud", notYet("option", "serial media are not opened")],
  ["ping", notYet("option", "ping nodes are not asked")],
  ["ping6", notYet("option", "ping nodes are not asked")],
  ["ping_group", notYet("line", "ping nodes are not asked")],
  ["respawn", notYet("line", "the program is not started")],
  ["watchdog", notYet("option", "the watchdog device is not opened")],
  ["failfast", refused("line", "programs that guard the machine are not started by this version")],
  [
    "stonith",
    refused("line", "fencing devices are not used by this version, and going on without is not safe"),
  ],
  [
    "stonith_host",
    refused("line", "fencing devices are not used by this version, and going on without is not safe"),
  ],
  ...["hbaping", "rds", "tipc", "openais"].map((name): [string, Directive] => [
    name,
    refused("line", "no current heartbeat has this plugin"),
  ]),
]);

/** Behind `#%`: what a real 3.0.6 node must not see. */
export const OWN_DIRECTIVES: ReadonlyMap<string, Directive> = new Map([
  [
    "viplease",
    yesNo((draft, value) => {
      draft.vipLease = value;
    }),
  ],
]);
