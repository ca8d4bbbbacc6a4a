/** The options of the `heartbeat` command, as the original's. Source: specification of heartbeat, section 8.4. */
import { shortOptions } from "./short-options.js";

export type Mode =
  | "start"
  | "foreground"
  | "stop"
  | "status"
  | "reload"
  /** What the original does to itself after a reload; ours needs no second process for it. */
  | "re-exec"
  | "defaults"
  | "version"
  | "help"
  | "validate";

export interface CommandLine {
  readonly mode: Mode;
  /** How often `-d` was given. */
  readonly debug: number;
  readonly realtime: boolean;
  /** False with `-M`: member of the cluster, owner of nothing. */
  readonly resources: boolean;
  /** `-v`: the configuration is printed first. */
  readonly dump: boolean;
  /** `-W`: as a page of a wiki. */
  readonly wiki: boolean;
  /** Words that mean nothing. */
  readonly ignored: readonly string[];
}

/** A wrong command line: what is wrong, in a sentence, and the exit code of the original. */
export interface Refusal {
  readonly problem: string;
  readonly exitCode: 1 | 2;
}

export const USAGE = `Usage: heartbeat [-dlMv] [-f | -k | -s | -r | -D [-W] | -V | --check]

  (none)  check the configuration and start in the background
  -f      run in the foreground
  -k      stop the running heartbeat and wait until it is gone
  -s      say whether it is running
  -r      check the configuration and reload it; starts heartbeat if it is not running
  -d      more debug output; may be given more than once
  -l      no real-time scheduling
  -M      no resource management: a member of the cluster that owns nothing
  -v      print the configuration with all defaults first
  -D      print the directives that have a default; with -W as a page of a wiki
  -R, -C STATE   as the original has them; a reload of this heartbeat does not need them
  --check        check the configuration, say what is wrong with it and do nothing else
  -V, --version  print the version
  -h, --help     print this
`;

/** In this order the first that was given counts, as in the original. */
export const MODES: readonly (readonly [letter: string, mode: Mode])[] = [
  ["h", "help"],
  ["D", "defaults"],
  ["V", "version"],
  ["k", "stop"],
  ["s", "status"],
  ["r", "reload"],
  ["R", "re-exec"],
  ["f", "foreground"],
];

export const LONG: Readonly<Record<string, Mode>> = {
  "--help": "help",
  "--version": "version",
  "--check": "validate",
};
const HELD = ["none", "local", "foreign", "all"];

export function parseCommandLine(args: readonly string[]): CommandLine | Refusal {
  const long = args.filter((arg) => Object.hasOwn(LONG, arg)).map((arg) => LONG[arg]!);
  const short = args.filter((arg) => !Object.hasOwn(LONG, arg));
  const { flags, values, words, problem } = shortOptions(short, "dDkMrRsvWlVfhC:");
  if (problem !== undefined) return { problem, exitCode: 2 };
  const state = values.get("C");
  if (state !== undefined && !HELD.includes(state))
    return { problem: `-C: "${state}" is none of ${HELD.join(" ")}`, exitCode: 1 };
  if (state !== undefined && !flags.has("R")) return { problem: "-C only valid with -R", exitCode: 2 };
  if (flags.has("r") && flags.has("R")) return { problem: "-r is mutually exclusive with -R", exitCode: 1 };
  const [mode = "start"] = [
    ...long,
    ...MODES.filter(([letter]) => flags.has(letter)).map(([, given]) => given),
  ];
  return {
    mode,
    debug:
      short
        .filter((arg) => /^-[^-]/.test(arg))
        .join("")
        .split("d").length - 1,
    realtime: !flags.has("l"),
    resources: !flags.has("M"),
    dump: flags.has("v"),
    wiki: flags.has("W"),
    ignored: words,
  };
}
