/**
 * May this node take a group that it does not have?
 *
 * Two nodes must never both answer yes. Of every other node we need one of these:
 *
 *   it is absent          dead by its own deadtime (and fenced, if there is a device), or it has said goodbye;
 *   it gave us the group  in our present life;
 *   it does not have it   and comes after us in the group's order, or is leaving.
 *
 * The last two count only in a statement that acknowledges our present life, and only while the heartbeat of ours that
 * it acknowledges is younger than our silence limit: then its sender cannot call us dead before it has heard of our
 * taking. So a preferred node that rebooted does not trust a heartbeat from before, and a stalled one does not use a
 * permission at the very moment the peer takes over (docs/architecture.md, rules 3 and 5).
 *
 * The order of a group: its preferred node, then the others by name. It is the same on all nodes, so when nobody has
 * the group exactly one of the living does not have to wait for anybody.
 */
import type { GroupClaim, NodeName } from "./message.js";
import type { GroupSettings } from "./settings.js";

/** What right.ts needs to know of another node. */
export interface Other {
  readonly node: NodeName;
  readonly absent: boolean;
  readonly leaving: boolean;
  /** Its statement acknowledges our present life, recently. */
  readonly permits: boolean;
  /** What it says of the group. */
  readonly claim: GroupClaim | undefined;
}

export interface Self {
  readonly node: NodeName;
  readonly generation: number;
}

/** Why we may take it: the reason for the log. */
export type Right =
  | { readonly may: true; readonly reason: string; readonly from?: NodeName }
  | { readonly may: false };

const no: Right = { may: false };

export function rightTo(group: GroupSettings, self: Self, others: readonly Other[]): Right {
  let reason = "nobody has it";
  let from: NodeName | undefined;
  for (const other of others) {
    if (other.absent) {
      if (from === undefined) reason = `${other.node} is gone`;
    } else if (!other.permits) {
      return no;
    } else if (other.claim !== undefined) {
      if (!givenTo(self, other.claim)) return no;
      from = other.node;
      reason = `${other.node} gave it`;
    }
  }
  if (from !== undefined) return { may: true, reason, from };
  const waiting = others.some(
    (other) => !other.absent && !other.leaving && precedes(group, other.node, self.node),
  );
  return waiting ? no : { may: true, reason };
}

const givenTo = (self: Self, claim: GroupClaim): boolean =>
  claim.state === "given" && claim.to?.node === self.node && claim.to.generation === self.generation;

/** `a` comes before `b` in the order of the group: it takes first, and it keeps when both have it. */
export function precedes(group: Pick<GroupSettings, "preferred">, a: NodeName, b: NodeName): boolean {
  if (a === group.preferred) return b !== group.preferred;
  return b !== group.preferred && a < b;
}
