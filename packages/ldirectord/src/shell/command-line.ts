/** The words of ldirectord's command line. */
export const ACTIONS = [
  "start",
  "stop",
  "restart",
  "try-restart",
  "reload",
  "force-reload",
  "status",
  "configtest",
  "plan",
] as const;
export type Action = (typeof ACTIONS)[number];

export interface Options {
  readonly debug: boolean;
  /** Ours: stay in the foreground, for service managers. */
  readonly foreground: boolean;
  /** Ours: what a program may read. */
  readonly json: boolean;
  /** Ours: check everything, leave the table alone until `activate`. */
  readonly standby: boolean;
}

export type CommandLine =
  | { readonly kind: "help" | "version" }
  | { readonly kind: "usage"; readonly problem: string | undefined }
  | {
      readonly kind: "run";
      readonly options: Options;
      /** The CONFIG word as given; undefined: the usual file. */
      readonly config: string | undefined;
      readonly action: Action;
      /** Words after the options, for the log. */
      readonly words: readonly string[];
    };

export const LONG: Readonly<Record<string, string>> = {
  "--debug": "d",
  "--help": "h",
  "--version": "v",
  "--test": "t",
  "--plan": "p",
  "--json": "j",
  "--foreground": "f",
  "--standby": "s",
};
export const SHORT = "dhvt?";

export const USAGE = `Usage: ldirectord [OPTION]... [CONFIG] ACTION

Checks real servers and keeps the table of virtual services as ldirectord.cf says.
CONFIG is looked for in /etc/ha.d, /etc/ha.d/conf and the working directory; ldirectord.cf if none is given.

  start          start the daemon
  stop           stop the daemon and take its virtual services out of the table
  restart        stop and start
  try-restart    restart if it is running
  reload         read CONFIG again; force-reload is the same
  status         tell whether it is running
  configtest     read CONFIG, tell every mistake, exit with 0 or 2
  plan           print what a start or reload would change: exit 0 nothing, 2 changes, 1 error

  -d, --debug    stay in the foreground, log to stderr
  -t, --test     as the action configtest, which then need not be given
      --plan     as the action plan, which then need not be given
      --json     plan: print JSON for programs
      --foreground  stay in the foreground, for service managers
      --standby  check everything, but leave the table alone until heartbeat activates it
  -h, -?, --help    print this
  -v, --version  print the version
`;

/** Options come before the first other word; `--` ends them; short ones may be bundled. */
export function readCommandLine(args: readonly string[]): CommandLine {
  const given = new Set<string>();
  let at = 0;
  for (; at < args.length; at++) {
    const word = args[at]!;
    if (word === "--") {
      at += 1;
      break;
    }
    if (!word.startsWith("-") || word === "-") break;
    const letters = word.startsWith("--")
      ? [LONG[word]]
      : [...word.slice(1)].map((each) => (SHORT.includes(each) ? each : undefined));
    if (letters.includes(undefined))
      return { kind: "usage", problem: `Unknown option: ${word.replace(/^-+/, "")}` };
    for (const letter of letters) if (letter !== undefined) given.add(letter);
  }
  if (given.has("h") || given.has("?")) return { kind: "help" };
  if (given.has("v")) return { kind: "version" };
  return readWords(args.slice(at), given);
}

function readWords(words: readonly string[], given: ReadonlySet<string>): CommandLine {
  const options = {
    debug: given.has("d"),
    foreground: given.has("f"),
    standby: given.has("s"),
    json: given.has("j"),
  };
  const last = ACTIONS.find((each) => each === words[words.length === 1 ? 0 : 1]);
  const asOption = given.has("t") ? "configtest" : given.has("p") ? "plan" : undefined;
  if (asOption !== undefined) {
    const config = words.length === 1 && last !== undefined ? undefined : words[0];
    return { kind: "run", options, config, action: asOption, words };
  }
  if (last === undefined) return { kind: "usage", problem: undefined };
  return { kind: "run", options, config: words.length > 1 ? words[0] : undefined, action: last, words };
}
