/** Users and groups of this machine, from /etc/passwd and /etc/group: who may change something. */
import { readFileSync } from "node:fs";

export interface Accounts {
  groupId(name: string): number | undefined;
  /** By the primary group of the user or the member list of the group. */
  isMember(uid: number, gid: number, group: string): boolean;
}

interface GroupLine {
  readonly gid: number;
  readonly members: readonly string[];
}

function readLines(path: string): readonly (readonly string[])[] {
  try {
    return readFileSync(path, "utf8")
      .split("\n")
      .map((line) => line.split(":"));
  } catch {
    return []; // no accounts: only root remains
  }
}

/** Reads the files anew for each question: they are small, and an administrator may just have added somebody. */
export function systemAccounts(passwd = "/etc/passwd", group = "/etc/group"): Accounts {
  function find(name: string): GroupLine | undefined {
    const line = readLines(group).find(([own]) => own === name);
    const gid = Number(line?.[2] ?? Number.NaN);
    return Number.isInteger(gid) ? { gid, members: (line?.[3] ?? "").split(",") } : undefined;
  }
  return {
    groupId: (name) => find(name)?.gid,
    isMember(uid, gid, name) {
      const found = find(name);
      if (found === undefined) return false;
      if (found.gid === gid) return true;
      const user = readLines(passwd).find(([, , own]) => own === String(uid))?.[0];
      return user !== undefined && found.members.includes(user);
    },
  };
}
