/** What is completed is what the programs say of themselves; bash itself is asked. */
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { beforeAll, expect, test } from "vitest";
import { run } from "../lab/process.js";

/** Prints the file for bash, of all programs of all packages. */
const MAKE = `
const { bash, learn } = await import("./packaging/completion.mjs");
const { packages } = await import("./packaging/contents.mjs");
const all = Object.values(packages).flatMap(({ programs }) => programs);
const file = ({ name, from }) => "packages/" + from + "/dist/bin/" + name + ".js";
console.log(bash(await Promise.all(all.map((program) => learn(program.name, file(program))))));
`;

let file: string;

beforeAll(async () => {
  file = (await run([process.execPath, "--input-type=module", "--eval", MAKE])).stdout;
}, 300_000);

/** What bash offers for the last of these words. */
async function offered(...words: readonly string[]): Promise<readonly string[]> {
  const ask = `COMP_WORDS=(${words.map((word) => `'${word}'`).join(" ")}) COMP_CWORD=${words.length - 1}
_systole ${words[0]}; printf '%s\\n' "\${COMPREPLY[@]}"`;
  const { stdout } = await run(["bash", "-c", `${file}\n${ask}`]);
  return stdout.split("\n").filter((word) => word !== "");
}

test.each([
  { words: ["systole", "auth"], expected: ["authkeys"] },
  { words: ["systole", "authkeys", "--me"], expected: ["--method"] },
  { words: ["notifier", "re"], expected: ["retry"] },
  { words: ["heartbeat", "--ver"], expected: ["--version"] },
])("$words", async ({ words, expected }) => {
  expect(await offered(...words)).toEqual(expected);
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
  const [, completed = ""] = /^complete -o default -F _systole (.*)$/m.exec(file) ?? [];
  expect(completed.split(" ").sort()).toEqual(programs.sort());
});
