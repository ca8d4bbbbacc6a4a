/** The General block: what concerns the process and our kernel. */
import type { Word } from "@systole/config";
import type { Draft } from "./draft.js";
import { readFilter } from "./filter-block.js";
import type { Directives, Tokens } from "./tokens.js";

const DEFAULT_LOG_FILE = "/var/log/conntrackd.log";
/** sun_path without its closing zero. */
const LONGEST_SOCKET_PATH = 107;

export function generalBlock(tokens: Tokens, draft: Draft): Directives {
  const ignore = (word: Word) => draft.ignored.push(word);
  const text = (word: Word) => {
    tokens.value(word);
    ignore(word);
  };
  const number = (word: Word) => void (tokens.number(word) !== undefined && ignore(word));
  return {
    ...bufferDirectives(tokens, draft),
    ...logDirectives(tokens, draft),
    HashSize: number,
    HashLimit: (word) => {
      draft.cacheLimit = tokens.number(word, 1, 16_777_216) ?? draft.cacheLimit;
    },
    LockFile: (word) => {
      draft.lockFile = path(tokens, word) ?? draft.lockFile;
    },
    UNIX: (word) => {
      const place = (keyword: Word) => {
        draft.controlPath = path(tokens, keyword, LONGEST_SOCKET_PATH) ?? draft.controlPath;
      };
      tokens.block(word, { Path: place, Backlog: number });
    },
    NetlinkOverrunResync: text,
    NetlinkEventsReliable: (word) => {
      draft.reliableEvents = tokens.bool(word) ?? draft.reliableEvents;
    },
    PollSecs: (word) => {
      // Events cost less than reading the whole table every few seconds, and nothing is missed between.
      if (tokens.number(word, 1) !== undefined) ignore(word);
    },
    EventIterationLimit: number,
    Scheduler: (word) => readScheduler(tokens, draft, word),
    Nice: text,
    Systemd: (word) => void tokens.bool(word),
    Filter: (word) => {
      draft.filter = readFilter(tokens, word);
    },
  };
}

/** The original begins with one size and doubles it up to the other; we take the larger one at once. */
function bufferDirectives(tokens: Tokens, draft: Draft): Directives {
  const size = (word: Word) => {
    draft.eventBufferBytes = Math.max(tokens.number(word, 1) ?? 1, draft.eventBufferBytes ?? 1);
  };
  return {
    NetlinkBufferSize: size,
    SocketBufferSize: size,
    NetlinkBufferSizeMaxGrowth: size,
    SocketBufferSizeMaxGrown: size,
    SocketBufferSizeMaxGrowth: size,
  };
}

function logDirectives(tokens: Tokens, draft: Draft): Directives {
  return {
    LogFile: (word) => {
      draft.logFile = onOffOr(tokens, word, DEFAULT_LOG_FILE, (text) => text.startsWith("/"), "a path");
    },
    Syslog: (word) => {
      const isFacility = (text: string) => /^(?:daemon|local[0-7])$/.test(text);
      draft.syslogFacility = onOffOr(tokens, word, "daemon", isFacility, "daemon or local0 to local7");
    },
  };
}

/** Without a block the original takes the highest real-time priority; we stay with normal scheduling. */
function readScheduler(tokens: Tokens, draft: Draft, keyword: Word): void {
  let policy: "rr" | "fifo" = "rr";
  let priority: number | undefined;
  tokens.block(keyword, {
    Type: (word) => {
      const value = tokens.value(word);
      const name = value?.text.toLowerCase();
      if (name === "rr" || name === "fifo") policy = name;
      else if (value !== undefined) {
        tokens.error(value, "bad-word", `Type: "${value.text}" is neither RR nor FIFO`);
      }
    },
    Priority: (word) => {
      priority = tokens.number(word, 0, 99);
    },
  });
  if (priority === undefined || priority === 0) draft.ignored.push(keyword);
  else draft.scheduling = { policy, priority };
}

function path(tokens: Tokens, keyword: Word, longest = 4095): string | undefined {
  const word = tokens.value(keyword);
  if (word === undefined) return undefined;
  if (word.text.startsWith("/") && word.text.length <= longest) return word.text;
  const hint = `a path that begins with / and has at most ${longest} characters`;
  tokens.error(word, "bad-path", `${keyword.text}: "${word.text}" is not a path that it takes`, hint);
  return undefined;
}

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
