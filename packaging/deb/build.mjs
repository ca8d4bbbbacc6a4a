/** Builds the .deb files: puts the staged tree under debhelper's hands. */
import { createHash } from "node:crypto";
import { cpSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import { root } from "../../test/setup/bundle.mjs";
import { packages } from "../contents.mjs";
import { run } from "../run.mjs";
import { stageAddon } from "../stage.mjs";
import { daemons } from "./daemons.mjs";

const templates = join(root, "packaging/deb");
const SCRIPTS = ["preinst", "postinst", "prerm", "postrm"];

/**
 * @param tree the staged files, @param lists their paths by package, @param out where the packages go.
 * @param node a Node.js to make systole-runtime of; undefined for none.
 */
export async function buildDebs({ tree, lists, version, date, out, work, node, compression }) {
  const source = join(work, `systole-${version}`);
  const debian = join(source, "debian");
  rmSync(work, { recursive: true, force: true });
  mkdirSync(debian, { recursive: true });
  cpSync(tree, join(source, "payload"), { recursive: true, verbatimSymlinks: true });
  stageAddon(join(source, "addon"));
  const control = readFileSync(join(templates, "control"), "utf8");
  put(debian, "control", node === undefined ? withoutRuntime(control) : control);
  for (const file of ["rules", "copyright", "systole-common.postinst", "systole-common.postrm"]) {
    put(debian, file, readFileSync(join(templates, file)), file === "rules" ? 0o755 : 0o644);
  }
  put(debian, "changelog", changelog(version, date));
  for (const [name, list] of Object.entries(lists)) install(debian, name, list);
  for (const file of readdirSync(templates).filter((each) => each.endsWith(".lintian-overrides"))) {
    put(debian, file, readFileSync(join(templates, file)));
  }
  maintainerScripts(debian, tree);
  if (node !== undefined) await addRuntime(source, debian, node);
  const env = { SOURCE_DATE_EPOCH: String(date), COMPRESSION: compression };
  await run("dpkg-buildpackage", ["-b", "-us", "-uc", "-d"], { cwd: source, env });
  const made = readdirSync(work).filter((file) => file.endsWith(".deb") && !file.includes("-dbgsym"));
  mkdirSync(out, { recursive: true });
  for (const file of made) cpSync(join(work, file), join(out, file));
  return made.map((file) => join(out, file));
}

function put(folder, name, text, mode = 0o644) {
  writeFileSync(join(folder, name), text, { mode });
}

const withoutRuntime = (control) => control.replace(/\nPackage: systole-runtime\n[\s\S]*?\n(?=\n)/, "");

const changelog = (version, date) =>
  `systole (${version}) unstable; urgency=medium\n\n  * See /usr/share/doc/systole-common/CHANGELOG.md.\n\n` +
  ` -- Systole maintainers <maintainers@systole.invalid>  ${new Date(date * 1000).toUTCString().replace("GMT", "+0000")}\n`;

/** Files as they lie in the tree, folder by folder. */
function install(debian, name, list) {
  put(debian, `${name}.install`, list.map((path) => `payload/${path} ${dirname(path)}\n`).join(""));
}

function maintainerScripts(debian, tree) {
  const md5 = (path) =>
    createHash("md5")
      .update(readFileSync(join(tree, path)))
      .digest("hex");
  const words = daemons(md5);
  for (const [name, { unit, conffiles }] of Object.entries(packages)) {
    if (unit === undefined) continue;
    const fill = {
      UNIT: unit,
      CONFFILES: conffiles.map(([, to]) => `/${to}`).join(" "),
      EXAMPLES: conffiles.map((conffile) => example(tree, conffile)).join("\n"),
      ...words[unit],
    };
    for (const script of SCRIPTS) {
      const text = readFileSync(join(templates, `daemon.${script}`), "utf8");
      put(
        debian,
        `${name}.${script}`,
        text.replaceAll(/#([A-Z]+)#/g, (token, word) => fill[word] ?? token),
      );
    }
  }
}

/** A branch of preinst's `case` that writes a configuration file as the package brings it. */
function example(tree, [, to, mode = 0o644]) {
  const text = readFileSync(join(tree, to), "utf8");
  const end = "--- end of the example ---";
  return (
    `/${to})\n(umask ${(0o777 & ~mode).toString(8).padStart(3, "0")} && cat >"$file") <<'${end}'\n` +
    `${text}${end}\n;;`
  );
}

/** One private Node.js, without its symbols. */
async function addRuntime(source, debian, node) {
  const folder = join(source, "payload/usr/lib/systole/runtime");
  mkdirSync(folder, { recursive: true });
  cpSync(node, join(folder, "node"), { dereference: true });
  await run("strip", [join(folder, "node")]);
  install(debian, "systole-runtime", [`usr/lib/systole/runtime/${basename("node")}`]);
}
