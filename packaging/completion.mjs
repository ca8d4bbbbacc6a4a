/**
 * Completions for bash, zsh and fish, made from what the programs say of themselves: the words of `--help`. A program with
 * commands is asked about each of them.
 */
import { execFile } from "node:child_process";
import { promisify } from "node:util";

const run = promisify(execFile);

/** Options (`-d`, `--debug`) and the words that begin an indented line (commands, actions). */
const wordsOf = (help) => ({
  options: [...new Set(help.match(/(?<![\w-])--?[A-Za-z?][\w-]*/g) ?? [])],
  commands: [...new Set([...help.matchAll(/^ {2}([a-z][\w-]*) /gm)].map(([, word]) => word))],
});

/** @param file the program as JavaScript. @returns name, its words, and those of each of its commands. */
export async function learn(name, file) {
  const help = async (...args) => (await run(process.execPath, [file, ...args])).stdout;
  const own = await help("--help");
  const { options, commands } = wordsOf(own);
  const asked = own.includes("COMMAND --help") ? commands : [];
  const below = await Promise.all(
    asked.map(async (command) => [command, wordsOf(await help(command, "--help")).options]),
  );
  return { name, options, commands, below: Object.fromEntries(below) };
}

/** One file for bash: a function that all programs share, and the words of each. */
export function bash(programs) {
  const cases = programs.flatMap(({ name, options, commands, below }) => [
    ...Object.entries(below).map(
      ([command, words]) => `        ${name}/${command}) words="${words.join(" ")}" ;;`,
    ),
    `        ${name}/*) words="${[...commands, ...options].join(" ")}" ;;`,
  ]);
  return `# bash completion for Systole; made from the programs' own --help.
_systole() {
    local words current=\${COMP_WORDS[COMP_CWORD]} command=
    [ "$COMP_CWORD" -lt 2 ] || command=\${COMP_WORDS[1]}
    case \${1##*/}/$command in
${cases.join("\n")}
    esac
    mapfile -t COMPREPLY < <(compgen -W "$words" -- "$current")
}
complete -o default -F _systole ${programs.map(({ name }) => name).join(" ")}
`;
}

export function zsh(programs) {
  const cases = programs.flatMap(({ name, options, commands, below }) => [
    ...Object.entries(below).map(([command, words]) => `    ${name}/${command}) all=(${words.join(" ")}) ;;`),
    `    ${name}/*) all=(${[...commands, ...options].join(" ")}) ;;`,
  ]);
  return `#compdef ${programs.map(({ name }) => name).join(" ")}
# zsh completion for Systole; made from the programs' own --help.
local -a all
local command=
(( CURRENT > 2 )) && command=$words[2]
case $service/$command in
${cases.join("\n")}
esac
compadd -- $all || _files
`;
}

/** fish looks a program's completions up by its name: one file each. */
export function fish({ name, options, commands, below }) {
  const option = (word) => {
    if (word.startsWith("--")) return `-l ${word.slice(2)}`;
    return word.length === 2 ? `-s ${word.slice(1)}` : `-o ${word.slice(1)}`;
  };
  const top = Object.keys(below).length > 0 ? "-n __fish_use_subcommand " : "";
  const lines = [
    ...commands.map((word) => `complete -c ${name} ${top}-a ${word}`),
    ...options.map((word) => `complete -c ${name} ${top}${option(word)}`),
    ...Object.entries(below).flatMap(([command, words]) =>
      words.map((word) => `complete -c ${name} -n '__fish_seen_subcommand_from ${command}' ${option(word)}`),
    ),
  ];
  return `# fish completion for ${name}; made from its own --help.\n${lines.join("\n")}\n`;
}
