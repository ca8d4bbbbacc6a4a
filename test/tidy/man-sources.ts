/** What the man pages must be true to: the programs' own help, and the words that the parsers know. */
import { execFile } from "node:child_process";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { promisify } from "node:util";
import { parseConntrackdConf } from "@systole/ctsyncd/config/conntrackd-conf";
import { REQUESTS } from "@systole/ctsyncd/shell/command-line";
import { DIRECTIVES, OWN_DIRECTIVES } from "@systole/heartbeat/config/ha-cf-directives";
import { BUILT_IN } from "@systole/heartbeat/resources/catalogue";
import { LONG as HEARTBEAT_LONG, MODES } from "@systole/heartbeat/shell/command-line";
import { METHODS } from "@systole/heartbeat/wire/signature";
import { GLOBAL_DIRECTIVES } from "@systole/ldirectord/config/global";
import { SERVICES } from "@systole/ldirectord/config/services";
import { SECTION_DIRECTIVES } from "@systole/ldirectord/config/virtual";
import { LONG, SHORT } from "@systole/ldirectord/shell/command-line";
import { parseNotifierIni } from "@systole/notifierd/config/notifier-ini";
import { root } from "./tree.js";

const run = promisify(execFile);

export interface Help {
  readonly program: string;
  /** Undefined if the program is not built. */
  readonly text: string | undefined;
}

/** `--help` of every program of every package, and of each command of a program that has commands. */
export async function allHelp(): Promise<readonly Help[]> {
  const packages = join(root, "packages");
  const programs = readdirSync(packages).flatMap((name) =>
    Object.entries(binOf(join(packages, name))).map(
      ([program, file]) => [program, join(packages, name, file)] as const,
    ),
  );
  return Promise.all(programs.map(([program, file]) => helpOf(program, file)));
}

function binOf(folder: string): Readonly<Record<string, string>> {
  // npm's own format; a package.json that is otherwise fails the build
  const { bin = {} } = JSON.parse(readFileSync(join(folder, "package.json"), "utf8")) as {
    bin?: Record<string, string>;
  };
  return bin;
}

async function helpOf(program: string, file: string): Promise<Help> {
  if (!existsSync(file)) return { program, text: undefined };
  const help = async (...args: string[]) => (await run(process.execPath, [file, ...args])).stdout;
  const own = await help("--help");
  if (!own.includes("COMMAND --help")) return { program, text: own };
  const rest = await Promise.all(actionsOf(own).map((command) => help(command, "--help")));
  return { program, text: [own, ...rest].join("\n") };
}

/** `-d`, `--debug`. */
export const optionsOf = (text: string): readonly string[] => [
  ...new Set(text.match(/(?<![\w-])--?[A-Za-z?][\w-]*/g)),
];

/** Where the help is written by hand (others make it of their tables): the options that the program really takes. */
export const takenOptions: Readonly<Record<string, readonly string[]>> = {
  heartbeat: [...MODES.map(([letter]) => dashed(letter)), ...Object.keys(HEARTBEAT_LONG)],
  ldirectord: [...Object.keys(LONG), ...[...SHORT].map(dashed)],
  ctsyncd: Object.keys(REQUESTS).map(dashed),
  notifierd: parsedByNode("packages/notifierd/src/bin/notifierd.ts"),
};

function dashed(name: string): string {
  return name.length === 1 ? `-${name}` : `--${name}`;
}

/** Of the table for `parseArgs` in a source file. */
function parsedByNode(file: string): readonly string[] {
  const row = /^ +(\w[\w-]*): \{ type: "\w+"(?:, short: "(\w)")?/gm;
  const rows = [...readFileSync(join(root, file), "utf8").matchAll(row)];
  return rows.flatMap(([, name = "", letter]) =>
    [name, ...(letter === undefined ? [] : [letter])].map(dashed),
  );
}

/** Words at the beginning of the help's indented lines: actions, commands. */
export const actionsOf = (help: string): readonly string[] =>
  [...help.matchAll(/^ {2}([a-z][\w-]*) /gm)].map((match) => match[1]!);

/** Words that the page must say; of these, the ones that may stand in front of `.TP` items. */
export interface Words {
  readonly page: string;
  readonly directives: readonly string[];
  readonly values: readonly string[];
}

export const parserWords = (): readonly Words[] => [
  { page: "ha.cf(5)", directives: [...DIRECTIVES.keys(), ...OWN_DIRECTIVES.keys()], values: [] },
  { page: "authkeys(5)", directives: ["auth"], values: METHODS },
  { page: "haresources(5)", directives: Object.keys(BUILT_IN), values: [] },
  {
    page: "ldirectord.cf(5)",
    directives: [...Object.keys(GLOBAL_DIRECTIVES), ...SECTION_DIRECTIVES, "virtual", "virtual6"],
    values: SERVICES,
  },
  { page: "conntrackd.conf(5)", directives: conntrackdWords(), values: [] },
  { page: "notifier.ini(5)", directives: iniWords(), values: [] },
];

/** A word that no block knows, in every block: the parser answers with the words that it would have known. */
const UNKNOWN_EVERYWHERE = `
zzz
Sync { zzz
  Mode FTFW { zzz
  }
  Mode NOTRACK { zzz
  }
  Mode ALARM { zzz
  }
  UDP { zzz
  }
  TCP { zzz
  }
  Multicast { zzz
  }
  Options { zzz
  }
}
Stats { zzz
}
General { zzz
  UNIX { zzz
  }
  Scheduler { zzz
  }
  Filter { zzz
    Address Accept { zzz
    }
  }
}
`;

const hinted = (hint: string | undefined, before: string): readonly string[] =>
  hint?.startsWith(before) === true ? hint.slice(before.length).split(" ") : [];

function conntrackdWords(): readonly string[] {
  const { diagnostics } = parseConntrackdConf({ path: "conntrackd.conf", text: UNKNOWN_EVERYWHERE });
  return [...new Set(diagnostics.flatMap(({ hint }) => hinted(hint, "known here: ")))];
}

function iniWords(): readonly string[] {
  const text = "[notifier]\nzzz = 1\n[smtp]\nzzz = 1\n[recipient x@y.z]\nzzz = 1\n[webhook x]\nzzz = 1\n";
  const { diagnostics } = parseNotifierIni({ path: "notifier.ini", text });
  return diagnostics.flatMap(({ hint }) => hinted(hint, "known are: "));
}
