/**
 * Which events belong together: those of one trouble, those of one move of groups, and the move with the death of the
 * node that it answers. All have the id of the first of them, so that a program finds the whole story with one search.
 *
 * Bounded: what was open longest is forgotten first; its end then stands alone.
 */
import type { Fact } from "../types.js";
import { meaning } from "./facts.js";

export const OPEN_LIMIT = 1000;

/** Id of the first event, by the name of the trouble or move that is not over. */
export type Correlations = ReadonlyMap<string, string>;

export const NOTHING_OPEN: Correlations = new Map();

const MOVE = "move of groups";

/** The id that this event shares with others: its own if it is the first, or alone. */
export function correlate(
  open: Correlations,
  id: string,
  fact: Fact,
): { readonly open: Correlations; readonly correlation: string } {
  const about = subject(fact);
  if (about === undefined) return { open, correlation: duringMove(fact) ? (open.get(MOVE) ?? id) : id };
  const correlation = open.get(about.key) ?? cause(open, fact) ?? id;
  const after = new Map(open);
  if (about.over) after.delete(about.key);
  else if (!after.has(about.key)) after.set(about.key, correlation);
  for (const key of [...after.keys()].slice(0, Math.max(0, after.size - OPEN_LIMIT))) after.delete(key);
  return { open: after, correlation };
}

function subject(fact: Fact): { readonly key: string; readonly over: boolean } | undefined {
  if (fact.kind === "takeover.started") return { key: MOVE, over: false };
  if (fact.kind === "takeover.finished") return { key: MOVE, over: true };
  const { trouble } = meaning(fact);
  return trouble && { key: trouble.key, over: trouble.phase === "ends" };
}

/** Resources start and stop, and connections are committed, because groups move. */
const duringMove = ({ kind }: Fact): boolean =>
  kind === "vip.up" || kind === "vip.down" || kind === "resource.failed" || kind === "commit.finished";

/** A takeover that nobody gave answers a death: the last one that is not over. */
function cause(open: Correlations, fact: Fact): string | undefined {
  if (fact.kind !== "takeover.started" || fact.from !== undefined) return undefined;
  const deaths = [...open.keys()].filter((key) => key.startsWith("node "));
  return open.get(deaths.at(-1) ?? "");
}
