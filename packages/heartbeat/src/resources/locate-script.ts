/**
 * What a name of haresources stands for that is not built in: the first of
 *
 *   1. a script of /etc/ha.d/resource.d    2. a script of /etc/init.d    3. a unit of systemd    4. an OCF agent
 *
 * It is looked for at every call: a script may come or go while heartbeat runs.
 */
import { constants } from "node:fs";
import { access, stat } from "node:fs/promises";
import { join } from "node:path";
import { ResourceError } from "./resource.js";

export interface ScriptPlaces {
  /** Folders of scripts, in this order. */
  readonly folders: readonly string[];
  /** Folders of unit files; none where systemd does not run. */
  readonly unitFolders: readonly string[];
  /** Folders of OCF agents. */
  readonly agentFolders: readonly string[];
}

export type Located =
  | { readonly kind: "script"; readonly path: string }
  | { readonly kind: "unit"; readonly unit: string }
  | { readonly kind: "agent"; readonly path: string };

/** @throws ResourceError `script-missing` if there is none of the four. */
export async function locateScript(name: string, places: ScriptPlaces): Promise<Located> {
  const plain = !name.includes("/");
  const script = await firstProgram(places.folders, name);
  if (script !== undefined) return { kind: "script", path: script };
  const unit = `${name}.service`;
  for (const folder of plain ? places.unitFolders : [])
    if (await isFile(join(folder, unit))) return { kind: "unit", unit };
  const agent = plain ? await firstProgram(places.agentFolders, name) : undefined;
  if (agent !== undefined) return { kind: "agent", path: agent };
  throw new ResourceError("script-missing", `Cannot locate resource script ${name}`);
}

async function firstProgram(folders: readonly string[], name: string): Promise<string | undefined> {
  for (const folder of folders) {
    const path = join(folder, name);
    if (!(await isFile(path))) continue;
    try {
      await access(path, constants.X_OK);
      return path;
    } catch {
      // not executable: the next folder
    }
  }
  return undefined;
}

async function isFile(path: string): Promise<boolean> {
  try {
    return (await stat(path)).isFile();
  } catch {
    return false;
  }
}
