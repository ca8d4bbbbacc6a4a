/** `systole authkeys new`: a key for heartbeat, as no package may bring one. */
import { randomBytes } from "node:crypto";
import {
  closeSync,
  fchmodSync,
  fsyncSync,
  openSync,
  readFileSync,
  renameSync,
  rmSync,
  writeSync,
} from "node:fs";
import type { Command } from "@systole/daemon";

const DEFAULT_FILE = "/etc/ha.d/authkeys";
/** What heartbeat signs with; crc takes no key, md5 should not be chosen anew. Source: authkeys(5). */
const METHODS = ["sha1", "sha256", "sha512"];
/** As many as SHA-256 can use; hexadecimal, because a key ends at the first blank. */
const KEY_BYTES = 32;

export const authkeysCommand: Command = {
  name: "authkeys",
  positionals: "new [FILE]",
  summary: `makes a key and writes it to FILE, mode 0600: ${DEFAULT_FILE} unless given, - for stdout`,
  arity: { from: 1, to: 2 },
  options: {
    method: {
      type: "string",
      value: "METHOD",
      help: "sha1, sha256 or sha512; sha256 unless given. A peer that is heartbeat 3 knows sha1 only",
    },
    force: { type: "boolean", help: "replace the keys that FILE has" },
  },
  run({ options, positionals, out }) {
    const [action, file = DEFAULT_FILE] = positionals;
    const method = options.method ?? "sha256";
    if (action !== "new") throw new Error(`authkeys ${action}: the one thing to do is "new"`);
    if (typeof method !== "string" || !METHODS.includes(method)) {
      throw new Error(`${String(method)}: one of ${METHODS.join(", ")}`);
    }
    const text = `auth 1\n1 ${method} ${randomBytes(KEY_BYTES).toString("hex")}\n`;
    if (file === "-") {
      out.line(text.trimEnd());
      return;
    }
    if (options.force !== true && hasKeys(file)) {
      throw new Error(`${file} has keys already: --force replaces them, and both directors need the same`);
    }
    replace(file, text);
    if (out.wantsJson) out.json({ schemaVersion: 1, file, method });
    else out.line(`${file}: a new ${method} key. Copy the file to the other director (scp -p ${file} ...).`);
  },
};

function hasKeys(file: string): boolean {
  try {
    return /^\s*(auth|\d+)\s/m.test(readFileSync(file, "utf8"));
  } catch (error) {
    if (error instanceof Error && "code" in error && error.code === "ENOENT") return false;
    throw error;
  }
}

/** All of it or nothing, and at no moment readable by others. */
function replace(file: string, text: string): void {
  const made = `${file}.new`;
  rmSync(made, { force: true });
  const descriptor = openSync(made, "wx", 0o600);
  try {
    fchmodSync(descriptor, 0o600); // whatever the umask is
    writeSync(descriptor, text);
    fsyncSync(descriptor);
  } finally {
    closeSync(descriptor);
  }
  renameSync(made, file);
}
