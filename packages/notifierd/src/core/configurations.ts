/**
 * Which configuration each daemon had when something happened: the digests of the files that it told to have read last,
 * the first twelve digits of what `sha256sum` prints. A file without a digest (it has a secret) is not there.
 */
import type { Fact } from "../types.js";

/** By file name, without its directory. */
export type Configuration = Readonly<Record<string, string>>;

/** By daemon. */
export type Configurations = ReadonlyMap<string, Configuration>;

export const NOTHING_READ: Configurations = new Map();
const DIGITS = 12;
/** A daemon reads three at most; who tells of more is not one of ours. */
const FILES_AT_MOST = 8;

export function learn(known: Configurations, daemon: string, fact: Fact): Configurations {
  if (fact.kind !== "config.loaded") return known;
  const name = String(fact.file).split("/").at(-1) ?? "";
  const { [name]: _before, ...others } = known.get(daemon) ?? {};
  const own = {
    ...others,
    ...(typeof fact.sha256 !== "string" ? {} : { [name]: fact.sha256.slice(0, DIGITS) }),
  };
  const kept = Object.fromEntries(Object.entries(own).slice(-FILES_AT_MOST));
  return new Map(known).set(daemon, kept);
}
