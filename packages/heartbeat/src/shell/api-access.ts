/** Who may sign on to the client API under which name: `apiauth` of ha.cf. */
import type { Caller } from "@systole/daemon";
import type { ClientAccess } from "../config/ha-cf.types.js";
import { accountOf, groupIdOf } from "./account-ids.js";

/** A casual client is called like its process. */
export const isCasual = (client: string): boolean => /^\d+$/.test(client);

/** A name without a line of its own goes by the line `default`; without that, nobody has it. */
export function maySignOn(
  client: string,
  { uid, gid }: Pick<Caller, "uid" | "gid">,
  access: ReadonlyMap<string, ClientAccess>,
): boolean {
  const entry = access.get(isCasual(client) ? "anon" : client) ?? access.get("default");
  if (entry === undefined) return false;
  return (
    entry.uids.some((name) => (accountOf(name)?.uid ?? Number(name)) === uid) ||
    entry.gids.some((name) => groupIdOf(name) === gid)
  );
}
