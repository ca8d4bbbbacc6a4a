/** The place of a control socket in the file system: directory, owner, mode, and what a crash left there. */
import { chmodSync, chownSync, mkdirSync, rmSync } from "node:fs";
import { connect, type Server } from "node:net";
import { dirname } from "node:path";
import { StartFailure } from "./start-failure.js";

/** Is somebody listening there? A refused or missing socket is nobody's. */
function inUse(path: string): Promise<boolean> {
  return new Promise((resolve) => {
    const probe = connect(path);
    probe.on("connect", () => {
      probe.destroy();
      resolve(true);
    });
    probe.on("error", () => resolve(false));
  });
}

/** Gives a path to the group, if there is one and we may; otherwise it stays with root, which is stricter. */
function giveToGroup(path: string, group: number | undefined): void {
  if (group === undefined) return;
  try {
    chownSync(path, -1, group);
  } catch {
    // not root and not a member of the group: only the daemon's own user and root can ask
  }
}

/**
 * Listens at `path`: directory 0750, socket 0660, both of `group`. The directory is closed first, so that the socket
 * is at no moment open to others.
 *
 * @throws StartFailure if another process answers there or the path cannot be used.
 */
export async function listenAt(server: Server, path: string, group: number | undefined): Promise<void> {
  if (await inUse(path)) throw new StartFailure(`another process answers on ${path}: is it running already?`);
  try {
    const directory = dirname(path);
    mkdirSync(dirname(directory), { recursive: true, mode: 0o755 });
    mkdirSync(directory, { recursive: true, mode: 0o750 });
    giveToGroup(directory, group);
    rmSync(path, { force: true });
    await new Promise<void>((resolve, reject) => {
      server.once("error", reject);
      server.listen(path, () => {
        server.off("error", reject);
        resolve();
      });
    });
    chmodSync(path, 0o660);
    giveToGroup(path, group);
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new StartFailure(`control socket ${path}: ${reason}`, 1, { cause });
  }
}
