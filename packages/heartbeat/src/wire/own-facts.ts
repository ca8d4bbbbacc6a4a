/**
 * What our nodes say beside a real heartbeat's `status`, in fields that a real one ignores:
 *
 *   syheard=<node>:<generation hex>:<sequence hex> ...        the newest message accepted from each
 *   sygroups=<state> <key> ...                                `given` is written given:<node>:<generation hex>
 *   syflags=leaving                                           on the way out
 *   syconf=<digest>                                           of what must be the same on all nodes
 *   sylease=<milliseconds hex>                                how long its VIPs outlive its last word
 *   symac=<mac> ...                                           its interfaces
 *
 * Neither a node's name nor a resource has a blank, so blanks separate.
 */
import { milliseconds } from "@systole/machine";
import type { GroupClaim, Heard, OwnFacts } from "../core/message.js";
import { type Field, type Fields, string, textOf } from "./field.js";

/** More than any cluster has; a message that names more is cut there. */
const MOST = 1000;
const LONGEST_DIGEST = 128;
const MOST_MACS = 32;

export function encodeOwnFacts(facts: OwnFacts): readonly Field[] {
  const { heard, claims, leaving, configuration, lease, macs } = facts;
  const hex = (value: number) => value.toString(16);
  const heardText = heard.map((one) => `${one.node}:${hex(one.generation)}:${hex(one.sequence)}`).join(" ");
  const claimText = claims.map((claim) => `${stateText(claim)} ${claim.group}`).join(" ");
  return [
    string("syheard", heardText),
    string("sygroups", claimText),
    ...(leaving ? [string("syflags", "leaving")] : []),
    ...(configuration === undefined ? [] : [string("syconf", configuration)]),
    ...(lease === undefined ? [] : [string("sylease", hex(Math.round(lease)))]),
    ...(macs === undefined ? [] : [string("symac", macs.join(" "))]),
  ];
}

const stateText = ({ state, to }: GroupClaim): string =>
  to === undefined ? state : `${state}:${to.node}:${to.generation.toString(16)}`;

/** Undefined if the sender is not one of ours. What is malformed in them is left out: it says nothing. */
export function decodeOwnFacts(fields: Fields): OwnFacts | undefined {
  const heardText = textOf(fields, "syheard");
  const claimText = textOf(fields, "sygroups");
  if (heardText === undefined || claimText === undefined) return undefined;
  const leaving = (textOf(fields, "syflags") ?? "").split(" ").includes("leaving");
  const configuration = textOf(fields, "syconf")?.slice(0, LONGEST_DIGEST);
  const lease = textOf(fields, "sylease") ?? "";
  const macs = textOf(fields, "symac")?.split(" ").filter(isMac).slice(0, MOST_MACS);
  return {
    ...{ heard: heardOf(heardText), claims: claimsOf(claimText), leaving },
    ...(configuration !== undefined && { configuration }),
    ...(/^[0-9a-f]{1,12}$/.test(lease) && { lease: milliseconds(Number.parseInt(lease, 16)) }),
    ...(macs !== undefined && { macs }),
  };
}

const isMac = (text: string): boolean => /^([0-9a-f]{2}:){5}[0-9a-f]{2}$/.test(text);

function heardOf(text: string): readonly Heard[] {
  const heard: Heard[] = [];
  for (const word of text.split(" ").slice(0, MOST)) {
    const parts = /^(.+):([0-9a-f]{1,12}):([0-9a-f]{1,12})$/.exec(word);
    if (parts === null) continue;
    const [generation, sequence] = [parts[2]!, parts[3]!].map((digits) => Number.parseInt(digits, 16));
    heard.push({ node: parts[1]!, generation: generation!, sequence: sequence! });
  }
  return heard;
}

function claimsOf(text: string): readonly GroupClaim[] {
  const claims: GroupClaim[] = [];
  const words = text.split(" ");
  for (let at = 0; at + 1 < words.length && claims.length < MOST; at += 2) {
    const claim = claimOf(words[at]!, words[at + 1]!);
    if (claim !== undefined) claims.push(claim);
  }
  return claims;
}

function claimOf(word: string, group: string): GroupClaim | undefined {
  if (group === "") return undefined;
  switch (word) {
    case "starting":
    case "running":
    case "stopping":
      return { group, state: word };
    default: {
      const given = /^given:(.+):([0-9a-f]{1,12})$/.exec(word);
      if (given === null) return undefined;
      return { group, state: "given", to: { node: given[1]!, generation: Number.parseInt(given[2]!, 16) } };
    }
  }
}
