/**
 * The command line of conntrackd, which ctsyncd takes: `-d` or nothing runs the daemon, everything else asks the
 * running one.
 *
 * As the original, only the letter of an option counts (`-ixyz` is `-i`), a word behind an option is its parameter if
 * it is the beginning of a word that the option knows, and of two requests the last one wins.
 */

/** A request to the running daemon. */
export type Request =
  | { readonly kind: "commit" | "flush-kernel" | "resync-kernel" }
  | { readonly kind: "flush"; readonly cache: "both" | "local" | "peer" }
  | { readonly kind: "send-bulk" | "request-resync" | "purge-later" | "stop" }
  | {
      readonly kind: "list";
      readonly cache: "local" | "peer";
      readonly about: "flows" | "expectations";
      readonly xml: boolean;
    }
  | { readonly kind: "statistics"; readonly about: string };

export type CommandLine =
  | { readonly mode: "daemon"; readonly configPath: string; readonly background: boolean }
  | { readonly mode: "request"; readonly request: Request; readonly json: boolean }
  | { readonly mode: "help" | "version" }
  | { readonly mode: "wrong"; readonly problem: string };

export const DEFAULT_CONFIG = "/etc/conntrackd/conntrackd.conf";

export const USAGE = `Usage: ctsyncd [-C FILE] [-d]
       ctsyncd REQUEST

Runs the daemon, in the foreground or (-d) in the background:
  -C FILE            configuration, ${DEFAULT_CONFIG} unless given

Requests to the running daemon:
  -c                 commit: write the peer's entries into the kernel
  -f [internal|external]  empty both caches, or one
  -F                 remove the known entries from the kernel
  -R                 read the kernel's table again
  -B                 send a bulk update to the peer
  -n                 ask the peer for everything
  -t                 remove the known entries from the kernel after PurgeTimeout
  -k                 stop the daemon
  -i [ct|expect]     list the own entries
  -e [ct|expect]     list the peers' entries
  -x                 with -i or -e: print XML
  -j                 with -i, -e or -s: print JSON
  -s [network|cache|runtime|link|rsqueue|process|queue|ct|expect]  statistics

  -v, --version      print the version
  -h, --help         print this
`;

/** What `-s` knows in the original, in the order in which it tries the words. */
const STATISTICS = ["network", "cache", "runtime", "link", "rsqueue", "process", "queue", "ct", "expect"];

type Letter = (parameter: (words: readonly string[]) => string | undefined) => Request;

/** These take a word that they know or none; behind the others an unknown word is an unknown option. */
const NEEDS_KNOWN_WORD: readonly string[] = ["f", "s"];

export const REQUESTS: Readonly<Record<string, Letter>> = {
  c: (parameter) => both(parameter, { kind: "commit" }),
  F: (parameter) => both(parameter, { kind: "flush-kernel" }),
  R: (parameter) => both(parameter, { kind: "resync-kernel" }),
  i: (parameter) => list(parameter, "local"),
  e: (parameter) => list(parameter, "peer"),
  f: (parameter) => {
    const word = parameter(["internal", "external"]);
    return { kind: "flush", cache: word === undefined ? "both" : word === "internal" ? "local" : "peer" };
  },
  B: () => ({ kind: "send-bulk" }),
  n: () => ({ kind: "request-resync" }),
  t: () => ({ kind: "purge-later" }),
  k: () => ({ kind: "stop" }),
  s: (parameter) => ({ kind: "statistics", about: parameter(STATISTICS) ?? "ct" }),
};

/** Flows and expectations are changed together, whichever is named. */
function both(parameter: Parameters<Letter>[0], request: Request): Request {
  parameter(["ct", "expect"]);
  return request;
}

function list(parameter: Parameters<Letter>[0], cache: "local" | "peer"): Request {
  const about = parameter(["ct", "expect"]) === "expect" ? "expectations" : "flows";
  return { kind: "list", cache, about, xml: false };
}

/** Reads the arguments behind the program's name. */
export function parseCommandLine(args: readonly string[]): CommandLine {
  let configPath = DEFAULT_CONFIG;
  let background = false;
  let json = false;
  let xml = false;
  let request: Request | undefined;
  for (let at = 0; at < args.length; at++) {
    const letter = args[at]![1] ?? "";
    const read = Object.hasOwn(REQUESTS, letter) ? REQUESTS[letter] : undefined;
    const parameter = (words: readonly string[]): string | undefined => {
      const next = args[at + 1];
      if (next === undefined || next === "" || next.startsWith("-")) return undefined;
      const found = words.find((word) => word.startsWith(next));
      if (found !== undefined) at += 1;
      return found;
    };
    if (letter === "h" || args[at] === "--help") return { mode: "help" };
    if (letter === "v" || args[at] === "--version") return { mode: "version" };
    if (letter === "d") background = true;
    else if (letter === "j") json = true;
    else if (letter === "x") xml = true;
    else if (letter === "C") {
      at += 1;
      const path = args[at];
      if (path === undefined) return { mode: "wrong", problem: "-C needs a file" };
      configPath = path;
    } else if (read === undefined) return { mode: "wrong", problem: `Unknown option: ${args[at]}` };
    else {
      const word = args[at + 1];
      request = read(parameter);
      const isWord = word !== undefined && word !== "" && !word.startsWith("-");
      if (NEEDS_KNOWN_WORD.includes(letter) && isWord && args[at] !== word) {
        return { mode: "wrong", problem: `unknown word for -${letter}: ${word}` };
      }
    }
  }
  if (xml) {
    if (request?.kind !== "list") return { mode: "wrong", problem: "-x goes with -i or -e" };
    request = { ...request, xml };
  }
  if (request === undefined) return { mode: "daemon", configPath, background };
  if (background) return { mode: "wrong", problem: "Invalid parameters" };
  return { mode: "request", request, json };
}
