/** What this machine has of what ha.cf names: users, groups, programs, devices, services, fence devices. */
import { accessSync, constants, readFileSync, statSync } from "node:fs";
import { basename, join } from "node:path";
import type { HaCfSurroundings } from "../config/ha-cf.js";

/** Where Debian and others put the plugins of cluster-glue's `stonith`. */
const PLUGIN_FOLDERS = ["/usr/lib/stonith/plugins", "/usr/lib64/stonith/plugins"];
/** Fence agents are programs of their own. */
const FENCE_AGENT_FOLDERS = ["/usr/sbin", "/sbin"];

/** @param interfaces `may-vanish`: one that is missing at present is no mistake, as when a running daemon reloads. */
export function machineSurroundings(
  localNode: string,
  interfaces: "must-exist" | "may-vanish",
): HaCfSurroundings {
  const services = udpServices();
  const devices = new Set(linesOf("/proc/net/dev").map((line) => line.split(":")[0]!.trim()));
  return {
    localNode,
    isUser: (name) => hasAccount("/etc/passwd", name),
    isGroup: (name) => hasAccount("/etc/group", name),
    isInterface: (name) => interfaces === "may-vanish" || devices.has(name),
    isFenceType,
    fileKind,
    port: [...services].find(([, name]) => name === "ha-cluster")?.[0],
    serviceOf: (port) => services.get(port),
  };
}

function linesOf(path: string): readonly string[] {
  try {
    return readFileSync(path, "utf8").split("\n");
  } catch {
    return []; // a machine without the file has none of these
  }
}

const hasAccount = (path: string, name: string): boolean =>
  linesOf(path).some((line) => line.startsWith(`${name}:`));

function udpServices(): ReadonlyMap<number, string> {
  const found = new Map<number, string>();
  for (const line of linesOf("/etc/services")) {
    const [, name, port] = /^(\S+)\s+(\d+)\/udp\b/.exec(line) ?? [];
    if (name !== undefined) found.set(Number(port), name);
  }
  return found;
}

/** `external/ipmi` is a script of that folder, `ssh` a shared object, `fence_ipmilan` a fence agent. */
function isFenceType(type: string): boolean {
  const script = type.startsWith("external/") ? basename(type) : undefined;
  const paths =
    script === undefined
      ? [
          ...PLUGIN_FOLDERS.map((folder) => join(folder, "stonith2", `${basename(type)}.so`)),
          ...(type.startsWith("fence_")
            ? FENCE_AGENT_FOLDERS.map((folder) => join(folder, basename(type)))
            : []),
        ]
      : PLUGIN_FOLDERS.map((folder) => join(folder, "external", script));
  return paths.some((path) => fileKind(path) !== "missing");
}

function fileKind(path: string): ReturnType<HaCfSurroundings["fileKind"]> {
  try {
    const found = statSync(path);
    if (found.isCharacterDevice()) return "character-device";
    if (found.isDirectory()) return "directory";
    if (!found.isFile()) return "other";
    accessSync(path, constants.X_OK);
    return "program";
  } catch (error) {
    const there = error instanceof Error && "syscall" in error && error.syscall === "access";
    return there ? "other" : "missing";
  }
}
