/**
 * /etc/conntrackd/conntrackd.conf: the original's grammar.
 *
 * Every option of conntrackd 1.4 is known. What makes no sense here (user-space helpers, statistics) is an error or a
 * warning with its place, and one warning names all options that are accepted without effect. What the original does
 * not have: several destination addresses in a UDP or TCP block for more than two nodes, and destination addresses in a
 * Multicast block as the list of those who may speak.
 */
import type { Parsed, Source, Word } from "@systole/config";
import { hasErrors } from "@systole/config";
import type { Configuration } from "./configuration.js";
import { type Draft, emptyDraft, type Mode } from "./draft.js";
import { generalBlock } from "./general-block.js";
import { readLink } from "./link-block.js";
import { type Directives, Tokens } from "./tokens.js";

/** Reads a whole file. @returns a value only when there is no error. */
export function parseConntrackdConf(source: Source): Parsed<Configuration> {
  const tokens = new Tokens(source);
  const draft = emptyDraft();
  tokens.directives(topLevel(tokens, draft));
  const value = finish(tokens, draft);
  const { diagnostics } = tokens;
  return { value: hasErrors(diagnostics) ? undefined : value, diagnostics };
}

function topLevel(tokens: Tokens, draft: Draft): Directives {
  return {
    Sync: (word) => {
      draft.sync = word;
      tokens.block(word, syncBlock(tokens, draft));
    },
    General: (word) => tokens.block(word, generalBlock(tokens, draft)),
    Stats: (word) => {
      draft.stats = word;
      const value = (keyword: Word) => void tokens.value(keyword);
      tokens.block(word, { LogFile: value, Syslog: value });
    },
    Helper: (word) => {
      const hint = "conntrackd itself can do this, beside ctsyncd";
      tokens.error(word, "not-supported", "user-space helpers are not supported", hint);
      tokens.skipLine(word);
    },
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
    if (draft.links.length === 5) tokens.error(word, "too-many-links", "more than 4 links");
  };
  return {
    Mode: (word) => readMode(tokens, draft, word),
    Multicast: link,
    UDP: link,
    TCP: link,
    Options: (word) => tokens.block(word, optionsBlock(tokens, draft)),
    ...timeDirectives(tokens, draft),
    ...alarmDirectives(tokens, draft),
  };
}

function readMode(tokens: Tokens, draft: Draft, keyword: Word): void {
  const word = tokens.value(keyword);
  if (word === undefined) return;
  const mode = MODES.get(word.text.toLowerCase());
  if (mode !== undefined) {
    draft.mode = mode;
    tokens.block(word, { ...timeDirectives(tokens, draft), ...MODE_BLOCKS[mode](tokens, draft) });
  } else {
    tokens.error(word, "bad-mode", `"${word.text}" is not a mode`, "FTFW, NOTRACK or ALARM");
    tokens.skipLine(keyword);
  }
}

const MODES: ReadonlyMap<string, Mode> = new Map([
  ["ftfw", "ftfw"],
  ["nack", "ftfw"],
  ["notrack", "notrack"],
  ["alarm", "alarm"],
  ["persistent", "alarm"],
]);

const MODE_BLOCKS: Readonly<Record<Mode, (tokens: Tokens, draft: Draft) => Directives>> = {
  ftfw: (tokens, draft) => ({
    ...recoveryDirectives(tokens, draft),
    ResendQueueSize: (word) => {
      draft.resendLimit = tokens.number(word, 1, 16_777_216) ?? draft.resendLimit;
    },
    ACKWindowSize: (word) => {
      draft.ackWindow = tokens.number(word, 1) ?? draft.ackWindow;
    },
  }),
  notrack: (tokens, draft) => ({
    ...recoveryDirectives(tokens, draft),
    DisableInternalCache: (word) => {
      draft.localCache = tokens.bool(word) !== true;
    },
  }),
  alarm: alarmDirectives,
};

function recoveryDirectives(tokens: Tokens, draft: Draft): Directives {
  return {
    DisableExternalCache: (word) => {
      draft.peerCache = tokens.bool(word) !== true;
    },
    // Everybody is asked for everything when he is first heard, so it is always on.
    StartupResync: (word) => void tokens.bool(word),
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

function alarmDirectives(tokens: Tokens, draft: Draft): Directives {
  return {
    RefreshTime: (word) => {
      draft.refreshSeconds = tokens.number(word, 1) ?? draft.refreshSeconds;
    },
    CacheTimeout: (word) => {
      draft.cacheTimeoutSeconds = tokens.number(word, 1) ?? draft.cacheTimeoutSeconds;
    },
  };
}

function optionsBlock(tokens: Tokens, draft: Draft): Directives {
  return {
    TCPWindowTracking: (word) => {
      draft.windowTracking = tokens.bool(word) ?? draft.windowTracking;
    },
    ExpectationSync: (word) => {
      if (tokens.peek()?.text !== "{") draft.expectations = tokens.bool(word) === true ? "all" : "none";
      else {
        const names = tokens.list(word).map(({ text }) => text);
        draft.expectations = names.length > 0 ? names : "none";
      }
    },
  };
}

function finish(tokens: Tokens, draft: Draft): Configuration | undefined {
  const { ignored, sync, stats } = draft;
  if (ignored.length > 0) {
    const names = [...new Set(ignored.map(({ text, line }) => `${text} (line ${line})`))].join(", ");
    tokens.warning(ignored[0], "no-effect", `accepted without effect: ${names}`);
  }
  if (stats !== undefined) {
    const problem = "statistics mode is not supported: ctsyncd synchronises";
    tokens.error(stats, "not-supported", problem, "conntrackd itself can do this, beside ctsyncd");
  }
  if (sync === undefined) {
    tokens.error(undefined, "no-sync", "there is no Sync block: nothing to synchronise");
    return undefined;
  }
  if (draft.mode === undefined && !hasErrors(tokens.diagnostics)) {
    tokens.warning(sync, "no-mode", "Sync without Mode: FTFW is used");
  }
  if (!draft.peerCache && draft.commitTimeoutSeconds !== undefined) {
    const problem = "CommitTimeout has no effect: with DisableExternalCache nothing is committed";
    tokens.warning(sync, "no-commit", problem);
    draft.commitTimeoutSeconds = undefined;
  }
  const [first, ...others] = inOrder(draft);
  if (first === undefined) {
    if (draft.linkKinds.size === 0)
      tokens.error(sync, "no-link", "Sync: no UDP, TCP or Multicast link is given");
    return undefined;
  }
  if (others.some((other) => other.peers.length !== first.peers.length)) {
    const problem = "the links name different numbers of destination addresses";
    tokens.error(sync, "uneven-links", problem, "the n-th address of every link is the same peer");
  }
  const {
    sync: _,
    stats: _stats,
    ignored: _ignored,
    linkKinds: _kinds,
    defaultLink: _default,
    ...rest
  } = draft;
  return { ...rest, mode: draft.mode ?? "ftfw", links: [first, ...others] };
}

/** The link marked Default, or the first one, comes first. */
function inOrder({ links, defaultLink }: Draft): Draft["links"] {
  return defaultLink === undefined ? links : [defaultLink, ...links.filter((link) => link !== defaultLink)];
}
