/** The options of the `heartbeat` command, as the original's. Source: specification of heartbeat, section 8.4. */
import { parseArgs } from "node:util";

export type Mode = "start" | "foreground" | "stop" | "status" | "reload" | "version" | "help" | "validate";

export interface CommandLine {
  readonly mode: Mode;
  /** How often `-d` was given. */
  readonly debug: number;
  readonly realtime: boolean;
}

export const USAGE = `Usage: heartbeat [-d] [-l] [-f | -k | -s | -r | -v | -V | -h]

  (none)  check the configuration and start in the background
  -f      run in the foreground
  -k      stop the running heartbeat and wait until it is gone
  -s      say whether it is running
  -r      check the configuration and reload it; starts heartbeat if it is not running
  -d      more debug output; may be given more than once
  -l      no real-time scheduling
  -v      check the configuration and say what is wrong with it
  -V, --version  print the version
  -h, --help     print this
`;

const OPTIONS = {
  f: { type: "boolean", short: "f" },
  k: { type: "boolean", short: "k" },
  s: { type: "boolean", short: "s" },
  r: { type: "boolean", short: "r" },
  d: { type: "boolean", short: "d", multiple: true },
  l: { type: "boolean", short: "l" },
  v: { type: "boolean", short: "v" },
  V: { type: "boolean", short: "V" },
  h: { type: "boolean", short: "h" },
  help: { type: "boolean" },
  version: { type: "boolean" },
} as const;

/** @returns a sentence of what is wrong instead, for a wrong command line. */
export function parseCommandLine(args: readonly string[]): CommandLine | string {
  try {
    const { values } = parseArgs({ args: [...args], options: OPTIONS, strict: true });
    const modes: Mode[] = [];
    if (values.h || values.help) modes.push("help");
    if (values.V || values.version) modes.push("version");
    if (values.k) modes.push("stop");
    if (values.s) modes.push("status");
    if (values.r) modes.push("reload");
    if (values.v) modes.push("validate");
    if (values.f) modes.push("foreground");
    const [mode = "start", another] = modes;
    if (another !== undefined && mode !== "help") return "-f, -k, -s, -r, -v and -V exclude each other";
    return { mode, debug: values.d?.length ?? 0, realtime: values.l !== true };
  } catch (error) {
    return error instanceof Error ? error.message.split(". ")[0]! : String(error);
  }
}
