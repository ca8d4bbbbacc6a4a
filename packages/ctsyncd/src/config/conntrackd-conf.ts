/**
 * /etc/conntrackd/conntrackd.conf: the original's grammar.
 *
 * Every option of conntrackd 1.4 is known. What this version does not do yet is an error where going on would be
 * dangerous or useless (ALARM, TCP, no caches, statistics, helpers), else one warning names all options that are
 * accepted without effect.
 */
import type { Parsed, Source, Word } from "@systole/config";
import { hasErrors } from "@systole/config";
import type { Filter } from "../core/filter.js";
import type { Configuration, SyncLink } from "./configuration.js";
import { readFilter } from "./filter-block.js";
import { readLink } from "./link-block.js";
import { type Directives, Tokens } from "./tokens.js";

interface Draft {
  mode: "ftfw" | "notrack" | undefined;
  links: SyncLink[];
  defaultLink: SyncLink | undefined;
  linkKinds: Set<string>;
  resendLimit: number;
  ackWindow: number;
  commitTimeoutSeconds: number | undefined;
  purgeTimeoutSeconds: number;
  windowTracking: boolean;
  cacheLimit: number;
  filter: Filter;
  eventBufferBytes: number | undefined;
  logFile: string | undefined;
  syslogFacility: string | undefined;
  sync: Word | undefined;
  ignored: Word[];
}

/** Reads a whole file. @returns a value only when there is no error. */
export function parseConntrackdConf(source: Source): Parsed<Configuration> {
  const tokens = new Tokens(source);
  const draft: Draft = {
    mode: undefined,
    links: [],
    defaultLink: undefined,
    linkKinds: new Set(),
    resendLimit: 131_072,
    ackWindow: 300,
    commitTimeoutSeconds: undefined,
    purgeTimeoutSeconds: 60,
    windowTracking: false,
    cacheLimit: 262_144,
    filter: {},
    eventBufferBytes: undefined,
    logFile: undefined,
    syslogFacility: undefined,
    sync: undefined,
    ignored: [],
  };
  tokens.directives(topLevel(tokens, draft));
  const value = finish(tokens, draft);
  const { diagnostics } = tokens;
  return { value: hasErrors(diagnostics) ? undefined : value, diagnostics };
}

function topLevel(tokens: Tokens, draft: Draft): Directives {
  const notYet = (what: string) => (word: Word) => {
    tokens.error(
      word,
      "not-yet",
      `${what} are not supported`,
      "conntrackd itself can do this, beside ctsyncd",
    );
    tokens.skipLine(word);
  };
  return {
    Sync: (word) => {
      draft.sync = word;
      tokens.block(word, syncBlock(tokens, draft));
    },
    General: (word) => tokens.block(word, generalBlock(tokens, draft)),
    Stats: notYet("statistics"),
    Helper: notYet("user-space helpers"),
  };
}

function syncBlock(tokens: Tokens, draft: Draft): Directives {
  const link = (word: Word) => {
    const isDefault = tokens.peek()?.text === "Default";
    if (isDefault) tokens.take();
    draft.linkKinds.add(word.text);
    if (draft.linkKinds.size > 1) {
      tokens.error(word, "mixed-links", `cannot use \`${word.text}' with other dedicated link protocols!`);
    }
    const value = readLink(tokens, word, (ignored) => draft.ignored.push(ignored));
    if (value === undefined) return;
    draft.links.push(value);
    if (isDefault) draft.defaultLink ??= value;
    if (draft.links.length === 2) {
      tokens.warning(word, "not-yet", "only the default link, or the first one, is used for now");
    }
    if (draft.links.length === 5) tokens.error(word, "too-many-links", "more than 4 links");
  };
  return {
    Mode: (word) => readMode(tokens, draft, word),
    Multicast: link,
    UDP: link,
    TCP: (word) => {
      tokens.error(word, "not-yet", "the TCP link is not supported yet", "use UDP or Multicast");
      if (tokens.peek()?.text === "Default") tokens.take();
      tokens.skipLine(word);
      draft.linkKinds.add(word.text);
    },
    Options: (word) => tokens.block(word, optionsBlock(tokens, draft)),
    ...timeDirectives(tokens, draft),
    RefreshTime: ignoredNumber(tokens, draft),
    CacheTimeout: ignoredNumber(tokens, draft),
  };
}

function readMode(tokens: Tokens, draft: Draft, keyword: Word): void {
  const word = tokens.value(keyword);
  if (word === undefined) return;
  const mode = MODES.get(word.text.toLowerCase());
  if (mode === "ftfw" || mode === "notrack") {
    draft.mode = mode;
    tokens.block(word, modeBlock(tokens, draft, mode));
  } else {
    if (mode === "alarm")
      tokens.error(word, "not-yet", "Mode ALARM is not supported yet", "use FTFW or NOTRACK");
    else tokens.error(word, "bad-mode", `"${word.text}" is not a mode`, "FTFW, NOTRACK or ALARM");
    tokens.skipLine(keyword);
  }
}

const MODES: ReadonlyMap<string, "ftfw" | "notrack" | "alarm"> = new Map([
  ["ftfw", "ftfw"],
  ["nack", "ftfw"],
  ["notrack", "notrack"],
  ["alarm", "alarm"],
  ["persistent", "alarm"],
]);

function modeBlock(tokens: Tokens, draft: Draft, mode: "ftfw" | "notrack"): Directives {
  const noCache = (word: Word) => {
    if (tokens.bool(word) === true)
      tokens.error(word, "not-yet", `${word.text} is not supported yet`, "leave it off");
  };
  const common: Directives = {
    ...timeDirectives(tokens, draft),
    DisableExternalCache: noCache,
    // Everybody is asked for everything when he is first heard, so it is always on.
    StartupResync: (word) => void tokens.bool(word),
  };
  if (mode === "notrack") return { ...common, DisableInternalCache: noCache };
  return {
    ...common,
    ResendQueueSize: (word) => {
      draft.resendLimit = tokens.number(word, 1, 16_777_216) ?? draft.resendLimit;
    },
    ACKWindowSize: (word) => {
      draft.ackWindow = tokens.number(word, 1) ?? draft.ackWindow;
    },
  };
}

function timeDirectives(tokens: Tokens, draft: Draft): Directives {
  return {
    CommitTimeout: (word) => {
      draft.commitTimeoutSeconds = tokens.number(word, 1) ?? draft.commitTimeoutSeconds;
    },
    PurgeTimeout: (word) => {
      draft.purgeTimeoutSeconds = tokens.number(word) ?? draft.purgeTimeoutSeconds;
    },
  };
}

function optionsBlock(tokens: Tokens, draft: Draft): Directives {
  return {
    TCPWindowTracking: (word) => {
      draft.windowTracking = tokens.bool(word) ?? draft.windowTracking;
    },
    ExpectationSync: (word) => {
      const isList = tokens.peek()?.text === "{";
      const wanted = isList ? tokens.list(word).length > 0 : tokens.bool(word) === true;
      if (wanted)
        tokens.warning(word, "not-yet", "expectations are not synchronised yet: masters and flows are");
    },
  };
}

function generalBlock(tokens: Tokens, draft: Draft): Directives {
  const ignore = (word: Word) => draft.ignored.push(word);
  const text = (word: Word) => {
    tokens.value(word);
    ignore(word);
  };
  const number = ignoredNumber(tokens, draft);
  // The original begins with one size and doubles it up to the other; we take the larger one at once.
  const bufferSize = (word: Word) => {
    draft.eventBufferBytes = Math.max(tokens.number(word, 1) ?? 1, draft.eventBufferBytes ?? 1);
  };
  const bool = (word: Word) => {
    if (tokens.bool(word) === true) ignore(word);
  };
  return {
    HashSize: number,
    HashLimit: (word) => {
      draft.cacheLimit = tokens.number(word, 1, 16_777_216) ?? draft.cacheLimit;
    },
    LogFile: (word) => {
      draft.logFile = onOffOr(tokens, word, DEFAULT_LOG_FILE, (text) => text.startsWith("/"), "a path");
    },
    Syslog: (word) => {
      const isFacility = (text: string) => /^(?:daemon|local[0-7])$/.test(text);
      draft.syslogFacility = onOffOr(tokens, word, "daemon", isFacility, "daemon or local0 to local7");
    },
    LockFile: text,
    UNIX: (word) => {
      tokens.block(word, { Path: text, Backlog: number });
    },
    NetlinkBufferSize: bufferSize,
    SocketBufferSize: bufferSize,
    NetlinkBufferSizeMaxGrowth: bufferSize,
    SocketBufferSizeMaxGrown: bufferSize,
    SocketBufferSizeMaxGrowth: bufferSize,
    NetlinkOverrunResync: text,
    NetlinkEventsReliable: bool,
    PollSecs: number,
    EventIterationLimit: number,
    Scheduler: (word) => {
      ignore(word);
      tokens.block(word, {
        Type: (type) => void tokens.value(type),
        Priority: (level) => void tokens.number(level),
      });
    },
    Nice: text,
    Systemd: (word) => void tokens.bool(word),
    Filter: (word) => {
      draft.filter = readFilter(tokens, word);
    },
  };
}

const DEFAULT_LOG_FILE = "/var/log/conntrackd.log";

/** A boolean or a text: `on` means `usual`, `off` none. */
function onOffOr(
  tokens: Tokens,
  keyword: Word,
  usual: string,
  fits: (text: string) => boolean,
  what: string,
): string | undefined {
  const word = tokens.value(keyword);
  if (word === undefined) return undefined;
  if (/^(?:on|yes)$/i.test(word.text)) return usual;
  if (/^(?:off|no)$/i.test(word.text)) return undefined;
  if (fits(word.text)) return word.text;
  tokens.error(word, "bad-word", `${keyword.text}: "${word.text}" is neither on, off nor ${what}`);
  return undefined;
}

function ignoredNumber(tokens: Tokens, draft: Draft): (word: Word) => void {
  return (word) => {
    if (tokens.number(word) !== undefined) draft.ignored.push(word);
  };
}

function finish(tokens: Tokens, draft: Draft): Configuration | undefined {
  const { ignored, sync } = draft;
  if (ignored.length > 0) {
    const names = [...new Set(ignored.map(({ text, line }) => `${text} (line ${line})`))].join(", ");
    tokens.warning(ignored[0], "no-effect", `accepted without effect: ${names}`);
  }
  if (sync === undefined) {
    tokens.error(undefined, "no-sync", "there is no Sync block: nothing to synchronise");
    return undefined;
  }
  if (draft.mode === undefined && !hasErrors(tokens.diagnostics)) {
    tokens.warning(sync, "no-mode", "Sync without Mode: FTFW is used");
  }
  const link = draft.defaultLink ?? draft.links[0];
  if (link === undefined) {
    if (draft.linkKinds.size === 0) tokens.error(sync, "no-link", "Sync: no UDP or Multicast link is given");
    return undefined;
  }
  const { resendLimit, ackWindow, commitTimeoutSeconds, purgeTimeoutSeconds } = draft;
  const { windowTracking, cacheLimit, filter, eventBufferBytes, logFile, syslogFacility } = draft;
  return {
    mode: draft.mode ?? "ftfw",
    link,
    resendLimit,
    ackWindow,
    commitTimeoutSeconds,
    purgeTimeoutSeconds,
    windowTracking,
    cacheLimit,
    filter,
    eventBufferBytes,
    logFile,
    syslogFacility,
  };
}
