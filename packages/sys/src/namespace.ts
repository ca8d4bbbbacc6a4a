/** Network namespaces: a socket keeps for life the one it was made in. */
import { closeSync, openSync } from "node:fs";
import { CLONE_NEWNET } from "./constants.js";
import { checked } from "./errno.js";
import { native } from "./native.js";

/**
 * Runs `make` inside the network namespace at `path` (`/run/netns/lb1`, `/proc/123/ns/net`) and returns home.
 *
 * Only this thread moves, and only until `make` returns: open sockets in it, await nothing.
 *
 * @throws SystemError `EPERM` without CAP_SYS_ADMIN. Whatever `make` throws passes through, at home.
 */
export function inNamespace<T>(path: string, make: () => T): T {
  const home = openSync("/proc/thread-self/ns/net", "r");
  try {
    enterNamespace(path);
    try {
      return make();
    } finally {
      checked("return to the own network namespace", native().setns(home, CLONE_NEWNET));
    }
  } finally {
    closeSync(home);
  }
}

/** Moves this thread, and the sockets it opens from now on, into the network namespace at `path`. */
export function enterNamespace(path: string): void {
  const fd = openSync(path, "r");
  try {
    checked(`enter network namespace ${path}`, native().setns(fd, CLONE_NEWNET));
  } finally {
    closeSync(fd);
  }
}
