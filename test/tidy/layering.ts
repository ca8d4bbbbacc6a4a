/** Who may import whom: the drawing in docs/architecture.md, as a table. */
import { posix } from "node:path";
import {
  type Complaint,
  type Import,
  importsOf,
  isCore,
  isSource,
  packageOf,
  type TextFile,
} from "./tree.js";

const libraries = ["wire", "machine", "config", "node-netlink", "sys", "kernel", "bus", "daemon"];

/** Package to the packages it may import; own files are always allowed. */
export const allowed: Readonly<Record<string, readonly string[]>> = {
  wire: [],
  machine: [],
  config: ["wire"],
  "node-netlink": ["wire"],
  sys: [],
  kernel: ["wire", "node-netlink", "sys"],
  bus: ["machine"],
  daemon: ["machine", "config", "bus", "sys"],
  heartbeat: libraries,
  ldirectord: libraries,
  ctsyncd: libraries,
  notifierd: libraries,
  systole: libraries,
  sim: [...libraries, "heartbeat", "ldirectord", "ctsyncd", "notifierd"],
};

/** Packages without a clock, a socket or a file in them: no `node:` module, but for the one clock of machine. */
const pure = new Set(["wire", "machine", "config", "node-netlink", "bus"]);
const pureExcept = new Set(["packages/machine/src/clock.ts"]);

export function layering(files: readonly TextFile[]): Complaint[] {
  const cores = coreLike(files);
  return files.filter(isSource).flatMap((file) =>
    importsOf(file).flatMap((one) => {
      const why = [...judge(file, one), ...(cores.has(file.path) ? judgeCore(file, one) : [])];
      return why.map((complaint) => `${file.path}:${one.line}: ${complaint}`);
    }),
  );
}

function judge(file: TextFile, one: Import): string[] {
  const own = packageOf(file.path)!; // a source is inside a package
  const complaints: string[] = [];
  const target = /^@systole\/([^/]+)/.exec(one.from)?.[1];
  if (target !== undefined && target !== own && !allowed[own]?.includes(target)) {
    complaints.push(`${own} must not import ${target}`);
  }
  if (one.from.startsWith(".") && packageOf(resolved(file, one)) !== own) {
    complaints.push(`${one.from} leads out of ${own}; import @systole/... instead`);
  }
  if (pure.has(own) && !pureExcept.has(file.path) && one.from.startsWith("node:")) {
    complaints.push(`${own} is pure and must not import ${one.from}`);
  }
  return complaints;
}

/**
 * The cores, and what they use of their own daemon: the codecs of `wire/` and files beside the folders, such as
 * `types.ts`. These must be as pure as the cores are.
 */
export function coreLike(files: readonly TextFile[]): Set<string> {
  const byPath = new Map(files.map((file) => [file.path, file]));
  const waiting = files.filter(isCore);
  const found = new Set(waiting.map(({ path }) => path));
  for (let file = waiting.pop(); file !== undefined; file = waiting.pop()) {
    for (const one of importsOf(file)) {
      const target = byPath.get(resolved(file, one));
      if (one.typeOnly || target === undefined || found.has(target.path) || !mayServeCores(target)) continue;
      found.add(target.path);
      waiting.push(target);
    }
  }
  return found;
}

const mayServeCores = (file: TextFile) => /^packages\/[^/]+\/src\/(wire\/.*|[^/]+)$/.test(file.path);

/** A core: pure packages, other cores and codecs of its daemon, and types of anybody it may know. */
function judgeCore(file: TextFile, one: Import): string[] {
  if (one.typeOnly && !one.from.startsWith("node:")) return [];
  if (/^@systole\/(wire|machine|node-netlink|config|bus)$/.test(one.from)) return [];
  if (one.from.startsWith(".")) {
    const target = { path: resolved(file, one), text: "" };
    if (isCore(target) || mayServeCores(target)) return [];
  }
  return [`a core must not import ${one.from}`];
}

/** The file that a relative import means. */
export function resolved(file: TextFile, one: Import): string {
  return posix.join(posix.dirname(file.path), one.from).replace(/\.js$/, ".ts");
}

/** Files that import each other in a circle at run time (types do not count). */
export function cycles(files: readonly TextFile[]): Complaint[] {
  const edges = new Map<string, string[]>();
  for (const file of files.filter(isSource)) {
    const values = importsOf(file).filter((one) => !one.typeOnly && one.from.startsWith("."));
    edges.set(
      file.path,
      values.map((one) => resolved(file, one)),
    );
  }
  const complaints: Complaint[] = [];
  const done = new Set<string>();
  const visit = (path: string, trail: readonly string[]) => {
    const seen = trail.indexOf(path);
    if (seen !== -1)
      complaints.push(`${path}:1: imports itself by way of ${[...trail.slice(seen + 1), path].join(", ")}`);
    if (seen !== -1 || done.has(path)) return;
    for (const next of edges.get(path) ?? []) visit(next, [...trail, path]);
    done.add(path);
  };
  for (const path of edges.keys()) visit(path, []);
  return complaints;
}
