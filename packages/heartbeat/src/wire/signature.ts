/**
 * The signature of a datagram: `<n> <digest>`, n the number of a key in authkeys.
 *
 * crc detects accidents only. md5 and sha1 are HMACs as heartbeat 3 makes them; sha256 and sha512 are ours alone.
 */
import { createHmac, timingSafeEqual } from "node:crypto";
import { crc32 } from "@systole/wire";

export const METHODS = ["crc", "md5", "sha1", "sha256", "sha512"] as const;
export type Method = (typeof METHODS)[number];

export interface Key {
  readonly method: Method;
  /** Empty for crc. */
  readonly key: Uint8Array;
}

/** What authkeys says. */
export interface KeyRing {
  /** The number of the key that signs. */
  readonly active: number;
  /** All keys, each good for verifying. */
  readonly keys: ReadonlyMap<number, Key>;
}

export interface Signature {
  readonly keyIndex: number;
  /** Lower-case hexadecimal. */
  readonly digest: string;
}

/** Longest digest in hexadecimal digits: sha512. */
export const LONGEST_DIGEST = 128;

/** The digest of these bytes in lower-case hexadecimal; that of crc has no leading zeros. */
export function digestOf({ method, key }: Key, covered: Uint8Array): string {
  if (method === "crc") return crc32(covered).toString(16);
  return createHmac(method, key).update(covered).digest("hex");
}

/** Signs with the active key. The configuration has made sure that there is one. */
export function sign(ring: KeyRing, covered: Uint8Array): Signature {
  const key = ring.keys.get(ring.active);
  if (key === undefined) throw new RangeError(`authkeys: no key ${ring.active} to sign with`);
  return { keyIndex: ring.active, digest: digestOf(key, covered) };
}

/** Is this the signature of these bytes by the key that it names? Takes the same time wherever it differs. */
export function verify(ring: KeyRing, { keyIndex, digest }: Signature, covered: Uint8Array): boolean {
  const key = ring.keys.get(keyIndex);
  if (key === undefined) return false;
  const wanted = Buffer.from(digestOf(key, covered), "latin1");
  const given = Buffer.from(digest, "latin1");
  return wanted.length === given.length && timingSafeEqual(wanted, given);
}

export const formatSignature = ({ keyIndex, digest }: Signature): string => `${keyIndex} ${digest}`;
