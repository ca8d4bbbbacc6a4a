/**
 * A secret in a file: a password, a key, a URL that is one.
 *
 * The file belongs to us or to root, and nobody else reads it; a link is not followed. A name without a slash is a
 * credential of systemd (`LoadCredential=`), which guards it itself.
 */
import { closeSync, constants, fstatSync, openSync, readFileSync } from "node:fs";
import { join } from "node:path";

const LIMIT_BYTES = 4096;

/** The file's first line. @throws Error with the file and what to do about it */
export function readSecret(place: string, environment: NodeJS.ProcessEnv = process.env): string {
  if (!place.includes("/")) return firstLine(readFileSync(credential(place, environment), "utf8"));
  const file = open(place);
  try {
    const { mode, uid, size } = fstatSync(file);
    if ((mode & 0o077) !== 0) throw new Error(`${place} can be read by others: chmod 0600 ${place}`);
    if (uid !== 0 && uid !== process.getuid?.())
      throw new Error(`${place} belongs to somebody else: chown it to the user of notifierd`);
    if (size > LIMIT_BYTES) throw new Error(`${place} is over ${LIMIT_BYTES} bytes: no secret is`);
    return firstLine(readFileSync(file, "utf8"));
  } finally {
    closeSync(file);
  }
}

function open(path: string): number {
  try {
    return openSync(path, constants.O_RDONLY | constants.O_NOFOLLOW);
  } catch (cause) {
    const code = cause instanceof Error && "code" in cause ? String(cause.code) : "unknown";
    const why = code === "ELOOP" ? "is a link: name the file itself" : `cannot be read (${code})`;
    throw new Error(`${path} ${why}`, { cause });
  }
}

function credential(name: string, { CREDENTIALS_DIRECTORY: directory }: NodeJS.ProcessEnv): string {
  if (directory === undefined || directory === "")
    throw new Error(`no credential ${name}: the unit needs LoadCredential=${name}:/path`);
  return join(directory, name);
}

const firstLine = (text: string): string => text.split(/\r?\n/, 1)[0]!;
