/** The man pages are held to the truth: options and directives that exist are there, others are not. */
import { spawnSync } from "node:child_process";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { type ManPage, manPages, says, seeAlso } from "./man-page.js";
import { actionsOf, allHelp, type Help, optionsOf, parserWords, takenOptions } from "./man-sources.js";
import { root } from "./tree.js";

const pages = manPages();
const byName = new Map(pages.map((page) => [page.name, page]));
const helps = await allHelp();

/** The page of a program is in section 8, or 1 if anybody may use it. */
function pageOf(program: string): ManPage {
  const page = byName.get(`${program}(8)`) ?? byName.get(`${program}(1)`);
  if (page === undefined) throw new Error(`docs/man has no page for ${program}`);
  return page;
}

function textOf({ program, text }: Help): string {
  if (text === undefined) throw new Error(`${program} is not built: npm run build`);
  return text;
}

test.each(helps)("$program: the page says each option and action of --help", (help) => {
  const page = pageOf(help.program);
  const text = textOf(help);
  expect(optionsOf(text).length).toBeGreaterThan(1);
  expect([...optionsOf(text), ...actionsOf(text)].filter((word) => !says(page, word))).toEqual([]);
});

test.each(Object.entries(takenOptions))(
  "%s: --help says each option that the program takes",
  (program, taken) => {
    const help = helps.find((each) => each.program === program)!; // else the program is gone
    expect(taken.length).toBeGreaterThan(4);
    expect(taken.filter((option) => !optionsOf(textOf(help)).includes(option))).toEqual([]);
  },
);

test.each(helps)("$program: the page lists no option that --help does not know", (help) => {
  const options = pageOf(help.program).items.filter(({ heading }) => heading === "OPTIONS");
  const known = optionsOf(textOf(help));
  expect(options.flatMap(({ head }) => optionsOf(head)).filter((option) => !known.includes(option))).toEqual(
    [],
  );
});

test.each(parserWords())("$page: says each word that the parser knows", ({ page, directives, values }) => {
  expect(directives.length).toBeGreaterThan(0);
  const found = byName.get(page)!; // a missing page fails the test
  expect([...directives, ...values].filter((word) => !says(found, word))).toEqual([]);
});

test.each(parserWords())("$page: lists nothing that the parser does not know", ({ page, directives }) => {
  const heads = byName.get(page)!.items.map(({ head }) => /^(?:#% )?([\w-]+)/.exec(head)?.[1] ?? head);
  expect(heads.filter((head) => !directives.includes(head))).toEqual([]);
});

const NOT_OURS = ["ip(8)", "ipvsadm(8)", "nft(8)", "conntrack(8)"];

test.each(pages)("$name: title, order of sections, pages it refers to", (page) => {
  expect(page.title).toBe(page.name.toLowerCase());
  expect(page.headings.slice(0, 2)).toEqual(["NAME", "SYNOPSIS"]);
  expect(page.headings.at(-1)).toBe("SEE ALSO");
  expect(page.headings).toContain("EXAMPLES");
  if (!page.name.endsWith("(5)")) expect(page.headings).toContain("EXIT STATUS");
  expect(seeAlso(page).filter((name) => !byName.has(name) && !NOT_OURS.includes(name))).toEqual([]);
  expect(seeAlso(page).length).toBeGreaterThan(0);
});

test("the pages that the service units name are there", () => {
  const units = readdirSync(join(root, "systemd")).filter((file) => file.endsWith(".service"));
  const named = units.flatMap((file) => {
    const text = readFileSync(join(root, "systemd", file), "utf8");
    return [...text.matchAll(/^Documentation=man:(\S+)$/gm)].map((match) => match[1]!);
  });
  expect(named.length).toBe(units.length);
  expect(named.filter((name) => !byName.has(name))).toEqual([]);
});

const withoutGroff = spawnSync("groff", ["--version"]).error !== undefined;

test.skipIf(withoutGroff).each(pages)(
  "$name: groff has nothing to complain of, no line over 80",
  ({ path }) => {
    const { stdout, stderr } = spawnSync("groff", ["-man", "-Tutf8", "-ww", "-P-cbou", path], {
      encoding: "utf8",
    });
    expect(stderr).toBe("");
    expect(stdout.split("\n").filter((line) => line.length > 80)).toEqual([]);
  },
);
