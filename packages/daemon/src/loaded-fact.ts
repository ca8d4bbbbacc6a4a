/** What is told of a configuration file that was read, with the digest that `sha256sum` prints of it. */
import { createHash } from "node:crypto";
import { readFileSync, statSync } from "node:fs";

export interface LoadedFact {
  readonly kind: "config.loaded";
  readonly file: string;
  /** 64 hexadecimal digits. */
  readonly sha256?: string;
}

/**
 * No digest of a file that not everybody may read: it has a secret, and whoever knows the rest of the file could try
 * passwords against the digest, in a trail that more people read than the file.
 */
export function loadedFact(file: string): LoadedFact {
  try {
    if ((statSync(file).mode & 0o004) === 0) return { kind: "config.loaded", file };
    const sha256 = createHash("sha256").update(readFileSync(file)).digest("hex");
    return { kind: "config.loaded", file, sha256 };
  } catch {
    return { kind: "config.loaded", file }; // it was there a moment ago; what was read of it is in force
  }
}
