/**
 * The frame of a command line program: commands, usage, tables, exit codes.
 *
 *     notifier queue --json
 *
 * `--help` of the program and of each command prints usage on stdout and exits 0; a wrong command line prints one
 * line of what is wrong and how to ask for help, and exits 2 (or `usageExit`, where the original had another code).
 */

import { type ParseArgsConfig, parseArgs } from "node:util";
import { suggest } from "@systole/config";
import { endOnBrokenPipe } from "./broken-pipe.js";
import { ControlError } from "./control-error.js";
import { table } from "./table.js";

type OptionsConfig = NonNullable<ParseArgsConfig["options"]>;

/** One option: as `parseArgs` wants it, and what it does in a few words. */
export type CliOption = OptionsConfig[string] & { readonly help: string; readonly value?: string };

export interface Invocation {
  /** Values of the options given; a flag is `true`. */
  readonly options: Readonly<Record<string, string | boolean | readonly (string | boolean)[] | undefined>>;
  readonly positionals: readonly string[];
  readonly out: Output;
}

export interface Output {
  /** `--json` was given: print `json` and nothing else. */
  readonly wantsJson: boolean;
  line(text: string): void;
  error(text: string): void;
  table(headings: readonly string[], rows: readonly (readonly string[])[]): void;
  json(value: unknown): void;
  /** Bold on a terminal unless `NO_COLOR` is set. */
  bold(text: string): string;
}

export interface Command {
  /** Empty for the one command of a program without subcommands. */
  readonly name: string;
  readonly summary: string;
  /** What follows the options in the usage line: `ID...`. */
  readonly positionals?: string;
  /** How many positionals are allowed; none unless told otherwise. */
  readonly arity?: { readonly from: number; readonly to: number };
  readonly options?: Readonly<Record<string, CliOption>>;
  /** The exit code, 0 if nothing is returned. */
  run(invocation: Invocation): Promise<number | undefined> | number | undefined;
}

/** What a command throws when its words mean nothing: told as other wrong words are, with the same exit code. */
export class UsageError extends Error {
  override readonly name = "UsageError";
}

export interface Program {
  readonly name: string;
  readonly version: string;
  readonly summary: string;
  readonly commands: readonly Command[];
  readonly usageExit?: number;
}

/** What a program touches; the process's own unless a test hands in others. */
export interface CliDoor {
  readonly args: readonly string[];
  readonly stdout: (text: string) => void;
  readonly stderr: (text: string) => void;
  readonly color: boolean;
}

const STANDARD: Readonly<Record<string, CliOption>> = {
  json: { type: "boolean", help: "print JSON for programs" },
  help: { type: "boolean", short: "h", help: "print this and exit" },
};

function processDoor(): CliDoor {
  return {
    args: process.argv.slice(2),
    stdout: (text) => void process.stdout.write(text),
    stderr: (text) => void process.stderr.write(text),
    color: process.stdout.isTTY === true && (process.env.NO_COLOR ?? "") === "",
  };
}

/** Runs the program and sets the exit code; what has been written is flushed by the normal end of the process. */
export async function runCli(program: Program): Promise<void> {
  endOnBrokenPipe();
  process.exitCode = await runProgram(program, processDoor());
}

/** As `runCli`, with the world handed in; answers the exit code. */
export async function runProgram(program: Program, door: CliDoor): Promise<number> {
  const only =
    program.commands.length === 1 && program.commands[0]!.name === "" ? program.commands[0] : undefined;
  const [first, ...rest] = door.args;
  if (only !== undefined) return await runCommand(program, only, door.args, door);
  if (first === undefined) return refuse(program, door, "which command?");
  if (first === "--help" || first === "-h" || first === "help") {
    door.stdout(programUsage(program));
    return 0;
  }
  if (first === "--version" || first === "-V") {
    door.stdout(`${program.name} ${program.version}\n`);
    return 0;
  }
  const command = program.commands.find(({ name }) => name === first);
  if (command !== undefined) return await runCommand(program, command, rest, door);
  const near = suggest(
    first,
    program.commands.map(({ name }) => name),
  );
  return refuse(
    program,
    door,
    `no command "${first}"${near === undefined ? "" : `, did you mean "${near}"?`}`,
  );
}

async function runCommand(
  program: Program,
  command: Command,
  args: readonly string[],
  door: CliDoor,
): Promise<number> {
  const options: OptionsConfig = { ...STANDARD, ...command.options };
  let parsed: { values: Invocation["options"]; positionals: string[] };
  try {
    parsed = parseArgs({ args: [...args], options, allowPositionals: true, strict: true });
  } catch (error) {
    return refuse(program, door, error instanceof Error ? error.message.split(". ")[0]! : String(error));
  }
  const { values, positionals } = parsed;
  if (values.help === true) {
    door.stdout(commandUsage(program, command));
    return 0;
  }
  const { from, to } = command.arity ?? { from: 0, to: 0 };
  if (positionals.length < from) return refuse(program, door, `${command.name} needs ${command.positionals}`);
  if (positionals.length > to) return refuse(program, door, `too much: "${positionals[to]}"`);
  try {
    const code = await command.run({ options: values, positionals, out: output(door, values.json === true) });
    return code ?? 0;
  } catch (error) {
    if (error instanceof UsageError) return refuse(program, door, error.message);
    const known = error instanceof ControlError;
    door.stderr(`${program.name}: ${known ? error.message : describe(error)}\n`);
    return 1;
  }
}

const describe = (error: unknown): string => (error instanceof Error ? error.message : String(error));

function refuse({ name, usageExit = 2 }: Program, door: CliDoor, problem: string): number {
  door.stderr(`${name}: ${problem}\n${name}: see ${name} --help\n`);
  return usageExit;
}

function output(door: CliDoor, wantsJson: boolean): Output {
  return {
    wantsJson,
    line: (text) => door.stdout(`${text}\n`),
    error: (text) => door.stderr(`${text}\n`),
    table: (headings, rows) => door.stdout(table(headings, rows)),
    json: (value) => door.stdout(`${JSON.stringify(value, undefined, 2)}\n`),
    bold: (text) => (door.color ? `\u001b[1m${text}\u001b[0m` : text),
  };
}

function programUsage({ name, summary, commands }: Program): string {
  const rows = commands.map((command) => [
    `  ${[command.name, command.positionals].filter(Boolean).join(" ")}`,
    command.summary,
  ]);
  const usage = `Usage: ${name} COMMAND [OPTION]...`;
  const more = `${name} COMMAND --help tells more; -V or --version prints the version.`;
  return `${name}: ${summary}\n\n${usage}\n\n${table([], rows)}\n${more}\n`;
}

function commandUsage(program: Program, command: Command): string {
  const { summary, positionals = "", options = {} } = command;
  const line = [program.name, command.name, "[OPTION]...", positionals]
    .filter((word) => word !== "")
    .join(" ");
  const rows = Object.entries({ ...options, ...STANDARD }).map(([long, { short, help, value }]) => {
    const names = short === undefined ? `--${long}` : `-${short}, --${long}`;
    return [`  ${names}${value === undefined ? "" : ` ${value}`}`, help];
  });
  return `Usage: ${line}\n\n${summary}\n\n${table([], rows)}`;
}
