/**
 * ldap, ldaps: a simple bind, then the entry that `request` names; up when exactly one comes back and its DN matches
 * `receive`. The request is the original's: scope base, aliases found, any objectClass, all attributes. RFC 4511.
 */
import type { Ask } from "./client.js";

export const askLdap: Ask = async (spec, { connect, connectTls }) => {
  const { Client, ResultCodeError } = await import("ldapts");
  const { target, login, password } = spec;
  const client = new Client({
    // Only the scheme counts: the connection is ours.
    url: `${spec.service}://localhost:${target.port}`,
    strictDN: false,
    createConnection: connect,
    createSecureConnection: connectTls,
  });
  // Anonymous unless both were given, as the original.
  const named = login !== "" && password !== "";
  const base = (spec.request ?? "").replace(/^\//, "");
  try {
    await client.bind(named ? login : "", named ? password : "");
    const { searchEntries } = await client.search(base, {
      scope: "base",
      derefAliases: "find",
      filter: "(objectClass=*)",
    });
    const [entry] = searchEntries;
    if (entry === undefined || searchEntries.length !== 1)
      return { up: false, reason: `${searchEntries.length} entries with the DN "${base}" instead of one` };
    return { up: true, message: `entry "${entry.dn}"`, text: entry.dn };
  } catch (error) {
    // Servers seldom send words with a result code; the library's name for it is as good.
    if (error instanceof ResultCodeError) return { up: false, reason: wordsOf(error) };
    throw error;
  }
};

/** `NoSuchObjectError`, 32 -> `no such object (LDAP result 32)`. */
function wordsOf({ name, code }: { readonly name: string; readonly code: number }): string {
  const words = name.replace(/Error$/, "").replaceAll(/(?<=[a-z])(?=[A-Z])/g, " ");
  return `${words.toLowerCase()} (LDAP result ${code})`;
}
