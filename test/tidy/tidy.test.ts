/** The project is tidy; and each check, shown something that is not, says so. */
import { expect, test } from "vitest";
import { allowed, cycles, layering } from "./layering.js";
import { manners } from "./manners.js";
import { purity } from "./purity.js";
import { sizes } from "./size.js";
import { type Complaint, isSource, packageOf, projectFiles, type TextFile } from "./tree.js";

const project = projectFiles();

test("the checks see the whole project", () => {
  const sources = project.filter(isSource);
  expect(sources.length).toBeGreaterThan(60);
  const packages = new Set(sources.map((file) => packageOf(file.path)));
  expect([...packages].filter((name) => allowed[name ?? ""] === undefined)).toEqual([]);
});

test.each([
  { name: "imports point the allowed way", check: layering },
  { name: "no file imports itself through others", check: cycles },
  { name: "no clock, timer, randomness or process in a core", check: purity },
  { name: "no file, function or line is too long", check: sizes },
  {
    name: "no path of a developer's machine, no empty name, no unproved cast, no lonely test",
    check: manners,
  },
])(
  "$name",
  ({ check }) => {
    expect(check(project)).toEqual([]);
  },
  120_000,
);

type Check = (files: readonly TextFile[]) => Complaint[];
const file = (path: string, text: string): TextFile => ({ path, text });
const source = (path: string, ...lines: string[]) => file(`packages/${path}`, `${lines.join("\n")}\n`);

test.each<{ name: string; check: Check; files: TextFile[]; complaints: Complaint[] }>([
  {
    name: "a library that imports a daemon",
    check: layering,
    files: [source("kernel/src/linux.ts", 'import { plan } from "@systole/ldirectord/core/plan";')],
    complaints: ["packages/kernel/src/linux.ts:1: kernel must not import ldirectord"],
  },
  {
    name: "a daemon that imports another, even lazily",
    check: layering,
    files: [source("heartbeat/src/shell/x.ts", "", 'const later = () => import("@systole/notifierd");')],
    complaints: ["packages/heartbeat/src/shell/x.ts:2: heartbeat must not import notifierd"],
  },
  {
    name: "anybody who imports the simulation",
    check: layering,
    files: [source("daemon/src/x.ts", 'export * from "@systole/sim";')],
    complaints: ["packages/daemon/src/x.ts:1: daemon must not import sim"],
  },
  {
    name: "a way around the package's name",
    check: layering,
    files: [source("bus/src/x.ts", 'import { hex } from "../../wire/src/hex.js";')],
    complaints: [
      "packages/bus/src/x.ts:1: ../../wire/src/hex.js leads out of bus; import @systole/... instead",
    ],
  },
  {
    name: "a pure package with a socket",
    check: layering,
    files: [source("wire/src/x.ts", 'import { createSocket } from "node:dgram";')],
    complaints: ["packages/wire/src/x.ts:1: wire is pure and must not import node:dgram"],
  },
  {
    name: "a core with a kernel, a file system, a shell; types are fine",
    check: layering,
    files: [
      source(
        "heartbeat/src/core/cluster.ts",
        'import { openKernel } from "@systole/kernel";',
        'import type { Fact } from "@systole/bus";',
        'import { type Kernel } from "@systole/kernel";',
        'import { readFileSync } from "node:fs";',
        'import { perform } from "../shell/performer.js";',
        'import { liveness } from "./liveness.js";',
        'import { instant } from "@systole/machine";',
      ),
    ],
    complaints: [
      "packages/heartbeat/src/core/cluster.ts:1: a core must not import @systole/kernel",
      "packages/heartbeat/src/core/cluster.ts:4: a core must not import node:fs",
      "packages/heartbeat/src/core/cluster.ts:5: a core must not import ../shell/performer.js",
    ],
  },
  {
    name: "a codec that a core uses and that is not pure; one that only the shell uses may be anything",
    check: layering,
    files: [
      source("heartbeat/src/core/cluster.ts", 'import { order } from "../wire/sequence.js";'),
      source("heartbeat/src/wire/sequence.ts", 'import { createHmac } from "node:crypto";'),
      source("heartbeat/src/wire/signature.ts", 'import { createHmac } from "node:crypto";'),
    ],
    complaints: ["packages/heartbeat/src/wire/sequence.ts:1: a core must not import node:crypto"],
  },
  {
    name: "two files in a circle; a type does not close it",
    check: cycles,
    files: [
      source("bus/src/a.ts", 'import { b } from "./b.js";'),
      source("bus/src/b.ts", 'import { c } from "./c.js";', 'import type { A } from "./a.js";'),
      source("bus/src/c.ts", 'import { b } from "./b.js";'),
    ],
    complaints: [
      "packages/bus/src/b.ts:1: imports itself by way of packages/bus/src/c.ts, packages/bus/src/b.ts",
    ],
  },
  {
    name: "a core that looks at the clock; a field of that name is fine",
    check: purity,
    files: [
      source(
        "ctsyncd/src/core/session.ts",
        "export const late = () => Date.now() + Math.random() + performance.now();",
        "setTimeout(late, 10);",
        "export const state = { process: 1, at: new Date(17), now: new Date() }.process;",
        "export async function x() { await late(); }",
      ),
      source("ctsyncd/src/shell/performer.ts", "setTimeout(() => {}, Date.now());"),
    ],
    complaints: [
      "packages/ctsyncd/src/core/session.ts:1: Date in a core",
      "packages/ctsyncd/src/core/session.ts:1: Math.random in a core",
      "packages/ctsyncd/src/core/session.ts:1: performance in a core",
      "packages/ctsyncd/src/core/session.ts:2: setTimeout in a core",
      "packages/ctsyncd/src/core/session.ts:3: Date in a core",
      "packages/ctsyncd/src/core/session.ts:4: await in a core",
    ],
  },
  {
    name: "a file of 501 lines, not one of 500",
    check: sizes,
    files: [file("test/long", "x\n".repeat(501)), file("test/enough", "x\n".repeat(500))],
    complaints: ["test/long:1: 501 lines; stop at 500"],
  },
  {
    name: "a function of 61 lines, not one of 60; a line of 121 columns",
    check: sizes,
    files: [
      source("bus/src/a.ts", "function a() {", ..."x".repeat(59).split(""), "}"),
      source("bus/src/b.ts", "function b() {", ..."x".repeat(58).split(""), "}", `// ${"x".repeat(118)}`),
    ],
    complaints: [
      "packages/bus/src/a.ts:1: a function of 61 lines; stop at 60",
      "packages/bus/src/b.ts:61: 121 columns; stop at 120",
    ],
  },
  {
    name: "a path of a developer's machine",
    check: manners,
    files: [file("README.md", "see\n/hom" + "e/anna/systole\n")],
    complaints: ["README.md:2: a path of somebody's own machine"],
  },
  {
    name: "a file of helpers",
    check: manners,
    files: [file("packages/bus/src/utils.ts", ""), file("test/helpers/x.ts", "")],
    complaints: [
      "packages/bus/src/utils.ts:1: a name that says nothing",
      "test/helpers/x.ts:1: a name that says nothing",
    ],
  },
  {
    name: "a cast without its proof",
    check: manners,
    files: [
      source(
        "bus/src/a.ts",
        "const x = y as string;",
        "",
        "",
        "",
        "// y was just parsed",
        "const z = y as string;",
      ),
      source("bus/src/b.ts", "const x = { a: 1 } as const;"),
    ],
    complaints: ['packages/bus/src/a.ts:1: "as" without a comment that proves it'],
  },
  {
    name: "a test that runs alone",
    check: manners,
    files: [source("bus/test/a.test.ts", "test." + 'only("x", () => {});')],
    complaints: ["packages/bus/test/a.test.ts:1: test.only hides all other tests"],
  },
])("seen: $name", ({ check, files, complaints }) => {
  expect(check(files)).toEqual(complaints);
});
