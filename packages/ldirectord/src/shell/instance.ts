/** Which ldirectord is meant: its configuration file, its name, its pid file, its control socket. */
import { statSync } from "node:fs";
import { basename, join, resolve } from "node:path";

export interface Instance {
  /** Last component of the CONFIG word as given, or `ldirectord`: in pid file and log lines. */
  readonly name: string;
  /** Absolute path of the file that is read. */
  readonly path: string;
  readonly pidFile: string;
  /** Directory of the control socket below the runtime root: `ldirectord`, or `ldirectord.shop.cf`. */
  readonly daemon: string;
}

const DEFAULT_CONFIG = "ldirectord.cf";
const DIRECTORIES = ["/etc/ha.d", "/etc/ha.d/conf"];

/** @returns undefined if there is no such file in /etc/ha.d, /etc/ha.d/conf or the working directory. */
export function findInstance(word: string | undefined, pidDirectory: string): Instance | undefined {
  const asked = word ?? DEFAULT_CONFIG;
  const candidates = [...DIRECTORIES.map((directory) => join(directory, asked)), resolve(asked)];
  const path = candidates.find(
    (candidate) => statSync(candidate, { throwIfNoEntry: false })?.isFile() === true,
  );
  if (path === undefined) return undefined;
  const name = word === undefined ? "ldirectord" : basename(word);
  return { name, path, pidFile: join(pidDirectory, `ldirectord.${name}.pid`), daemon: daemonName(path) };
}

/** The name of the control socket's directory for a configuration; the usual file has the plain one. */
export const daemonName = (config: string): string =>
  basename(config) === DEFAULT_CONFIG ? "ldirectord" : `ldirectord.${basename(config)}`;
