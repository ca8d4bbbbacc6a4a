/** Builds the .rpm files: the same tree, the same table of contents, a spec file with the scripts written out. */
import { cpSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { root } from "../../test/setup/bundle.mjs";
import { packages } from "../contents.mjs";
import { run } from "../run.mjs";
import { stageAddon } from "../stage.mjs";

const ZSH_DEBIAN = "usr/share/zsh/vendor-completions";
const ZSH_FEDORA = "usr/share/zsh/site-functions";
const templates = join(root, "packaging/rpm");

export async function buildRpms({ tree, lists, version, date, out, work, node, compression }) {
  rmSync(work, { recursive: true, force: true });
  const source = join(work, "SOURCES");
  cpSync(tree, join(source, "payload"), { recursive: true, verbatimSymlinks: true });
  stageAddon(join(source, "addon"));
  if (node !== undefined) cpSync(node, join(source, "node"), { dereference: true });
  // zsh reads another folder on Fedora than on Debian.
  renameSync(join(source, "payload", ZSH_DEBIAN), join(source, "payload", ZSH_FEDORA));
  for (const [name, list] of Object.entries(lists)) {
    writeFileSync(
      join(source, `${name}.files`),
      list.map((path) => fileLine(name, path.replace(ZSH_DEBIAN, ZSH_FEDORA))).join(""),
    );
  }
  writeFileSync(join(work, "systole.spec"), readFileSync(join(templates, "systole.spec")));
  const defines = {
    _topdir: work,
    _dbpath: join(work, "no-database"), // Debian's rpm has none
    systole_version: version.replaceAll("-", "~"),
    systole_date: changelogDate(date),
    _sourcedir: source,
    _binary_payload: compression === "xz" ? "w7.xzdio" : "w1.gzdio",
    use_source_date_epoch_as_buildtime: "1",
    clamp_mtime_to_source_date_epoch: "1",
    _buildhost: "systole",
    ...(node === undefined ? {} : { with_runtime: "1" }),
  };
  const flags = Object.entries(defines).flatMap(([name, value]) => ["--define", `${name} ${value}`]);
  await run("rpmbuild", ["-bb", ...flags, join(work, "systole.spec")], {
    env: { SOURCE_DATE_EPOCH: String(date) },
  });
  const folder = join(work, "RPMS");
  const made = readdirSync(folder, { recursive: true }).filter((file) => file.endsWith(".rpm"));
  mkdirSync(out, { recursive: true });
  return made.map((file) => {
    const to = join(out, file.replace(/.*\//, ""));
    cpSync(join(folder, file), to);
    return to;
  });
}

/** `Thu Nov 26 2026`. */
const changelogDate = (date) =>
  new Date(date * 1000).toUTCString().replace(/(\w+), (\d+) (\w+) (\d+) .*/, "$1 $3 $2 $4");

/** One line of %files; rpm compresses manual pages or not, as the distribution likes. */
function fileLine(name, path) {
  const conffile = packages[name].conffiles.find(([, to]) => to === path);
  if (conffile !== undefined) {
    const mode = (conffile[2] ?? 0o644).toString(8);
    return `%attr(0${mode},root,root) %config(noreplace) /${path}\n`;
  }
  return path.startsWith("usr/share/man/") ? `/${path}*\n` : `/${path}\n`;
}
