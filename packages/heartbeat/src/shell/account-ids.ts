/** Numbers of users and groups, from /etc/passwd and /etc/group as they are now. */
import { readFileSync } from "node:fs";

export interface Account {
  readonly uid: number;
  readonly gid: number;
  readonly home: string;
}

/** @param name a user, or its number. Undefined if there is none. */
export function accountOf(name: string, passwd = "/etc/passwd"): Account | undefined {
  const line = linesOf(passwd).find(([own, , uid]) => own === name || uid === name);
  if (line === undefined) return undefined;
  return { uid: Number(line[2]), gid: Number(line[3]), home: line[5] ?? "/" };
}

/** @param name a group, or its number: one that nobody has is taken as it is. */
export function groupIdOf(name: string, group = "/etc/group"): number | undefined {
  const found = linesOf(group).find(([own]) => own === name)?.[2] ?? (/^\d+$/.test(name) ? name : undefined);
  return found === undefined ? undefined : Number(found);
}

function linesOf(path: string): readonly (readonly string[])[] {
  try {
    return readFileSync(path, "utf8")
      .split("\n")
      .map((line) => line.split(":"));
  } catch {
    return []; // a machine without the file has nobody
  }
}
