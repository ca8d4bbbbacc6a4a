/** What is completed is what the programs say of themselves; the shells are asked, with the files of the packages. */
import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { run } from "../lab/process.js";
import { debs } from "./debs.js";

const tree = mkdtempSync(join(tmpdir(), "systole-completion-"));
const share = join(tree, "usr/share");

beforeAll(async () => {
  const common = debs().old.find((deb) => deb.includes("systole-common"))!; // it was built
  await run(["dpkg-deb", "--extract", common, tree]);
}, 60_000);

afterAll(() => rmSync(tree, { recursive: true }));

const lines = (text: string) => text.split("\n").filter((line) => line !== "");
const quoted = (words: readonly string[]) => words.map((word) => `'${word}'`).join(" ");

/** What each shell offers for the last of these words. */
const offered = {
  async bash(words: readonly string[]): Promise<readonly string[]> {
    const ask = `. ${share}/bash-completion/completions/${words[0]}
COMP_WORDS=(${quoted(words)}) COMP_CWORD=${words.length - 1}
_systole ${words[0]}; printf '%s\\n' "\${COMPREPLY[@]}"`;
    return lines((await run(["bash", "-c", ask])).stdout);
  },
  /** zsh itself picks those that begin so: here it is asked for all that our function adds. */
  async zsh(words: readonly string[]): Promise<readonly string[]> {
    const ask = `fpath=(${share}/zsh/vendor-completions $fpath); autoload -Uz compinit; compinit -D -u
compadd() { shift; print -l -- "$@" }; _files() { :; }
words=(${quoted(words)}) CURRENT=${words.length} service=${words[0]}; $_comps[${words[0]}]`;
    const { stdout } = await run(["zsh", "-f", "-c", ask]);
    return lines(stdout).filter((word) => word.startsWith(words.at(-1)!)); // the last of at least two words
  },
  async fish(words: readonly string[]): Promise<readonly string[]> {
    const ask = `cd ${tree}; source ${share}/fish/vendor_completions.d/${words[0]}.fish; complete -C ${quoted([words.join(" ")])}`;
    return lines((await run(["fish", "--no-config", "-c", ask], { env: { HOME: tree } })).stdout);
  },
};

const SHELLS = ["bash", "zsh", "fish"] as const;

test.each([
  { words: ["systole", "auth"], expected: ["authkeys"] },
  { words: ["systole", "authkeys", "--me"], expected: ["--method"] },
  { words: ["notifier", "re"], expected: ["retry"] },
  { words: ["heartbeat", "--ver"], expected: ["--version"] },
])("$words", async ({ words, expected }) => {
  for (const shell of SHELLS)
    expect({ shell, words: await offered[shell](words) }).toEqual({ shell, words: expected });
});

test("every program of every package.json is packaged and completed", () => {
  const folders = readdirSync("packages");
  // npm's own format; a package.json that is otherwise fails the build
  const programs = folders.flatMap((folder) => {
    const { bin = {} } = JSON.parse(readFileSync(join("packages", folder, "package.json"), "utf8")) as {
      bin?: Record<string, string>;
    };
    return Object.keys(bin);
  });
  expect(programs.length).toBeGreaterThan(8);
  programs.sort();
  const bash = readFileSync(join(share, "bash-completion/completions/systole"), "utf8");
  const zsh = readFileSync(join(share, "zsh/vendor-completions/_systole"), "utf8");
  const namedIn = (text: string, line: RegExp) => line.exec(text)?.[1]?.split(" ").sort();
  expect(namedIn(bash, /^complete -o default -F _systole (.*)$/m)).toEqual(programs);
  expect(readdirSync(join(share, "bash-completion/completions")).sort()).toEqual(programs);
  expect(namedIn(zsh, /^#compdef (.*)$/m)).toEqual(programs);
  expect(readdirSync(join(share, "fish/vendor_completions.d")).sort()).toEqual(
    programs.map((name) => `${name}.fish`),
  );
});
