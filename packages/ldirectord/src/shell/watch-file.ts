/** `autoreload` and `callback`: notices that the configuration file has other content, once a second. */
import { createHash } from "node:crypto";
import { readFileSync, statSync } from "node:fs";
import { type Clock, milliseconds, plus, seconds } from "@systole/machine";

export interface FileWatch {
  stop(): void;
}

const EVERY = seconds(1);
/** A file that is being written is left alone so long. */
const SETTLE = milliseconds(200);

/** @param missing called once each time the file cannot be read */
export function watchFile(path: string, clock: Clock, changed: () => void, missing: () => void): FileWatch {
  let seen = fingerprint(path);
  let digest = digestOf(path);
  let callOff = clock.at(plus(clock.now(), EVERY), look);

  function look(): void {
    const now = fingerprint(path);
    const same = now === seen;
    if (now === undefined && !same) missing();
    seen = now;
    if (same || now === undefined) again(EVERY);
    else callOff = clock.at(plus(clock.now(), SETTLE), settled);
  }

  function settled(): void {
    if (fingerprint(path) !== seen) return look();
    const content = digestOf(path);
    if (content !== undefined && content !== digest) {
      digest = content;
      changed();
    }
    again(EVERY);
  }

  function again(after: typeof EVERY): void {
    callOff = clock.at(plus(clock.now(), after), look);
  }

  return { stop: () => callOff() };
}

function fingerprint(path: string): string | undefined {
  const stat = statSync(path, { throwIfNoEntry: false, bigint: true });
  return stat && `${stat.ino} ${stat.size} ${stat.mtimeNs} ${stat.ctimeNs}`;
}

function digestOf(path: string): string | undefined {
  try {
    return createHash("sha256").update(readFileSync(path)).digest("hex");
  } catch {
    return undefined; // gone or not readable: nothing to compare with
  }
}
