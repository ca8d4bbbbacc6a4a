/** Options of one letter as getopt(3) takes them: anywhere, several behind one `-`, an argument attached or next. */

export interface ShortOptions {
  /** Letters that were given, without those that take an argument. */
  readonly flags: ReadonlySet<string>;
  readonly values: ReadonlyMap<string, string>;
  readonly words: readonly string[];
  /** In getopt's words: `invalid option -- 'q'`. The rest was read all the same. */
  readonly problem: string | undefined;
}

/** @param known the letters; one that takes an argument has a colon behind it: `mp:` */
export function shortOptions(args: readonly string[], known: string): ShortOptions {
  const flags = new Set<string>();
  const values = new Map<string, string>();
  const words: string[] = [];
  let problem: string | undefined;
  for (let at = 0; at < args.length; at++) {
    const arg = args[at]!;
    if (arg === "--") return { flags, values, words: [...words, ...args.slice(at + 1)], problem };
    if (!arg.startsWith("-") || arg === "-") {
      words.push(arg);
      continue;
    }
    for (let index = 1; index < arg.length; index++) {
      const letter = arg[index]!;
      const found = known.indexOf(letter);
      if (found === -1 || letter === ":") problem ??= `invalid option -- '${letter}'`;
      else if (known[found + 1] !== ":") flags.add(letter);
      else {
        const value = arg.slice(index + 1) || args[++at];
        if (value === undefined) problem ??= `option requires an argument -- '${letter}'`;
        else values.set(letter, value);
        break;
      }
    }
  }
  return { flags, values, words, problem };
}
