/** What the notifier itself found out, in words. */
import type { NotifierdFact } from "@systole/bus";
import { duration } from "./duration.js";
import type { Meaning } from "./meaning.js";

const state = (down: boolean): string => (down ? "down" : "up");

export function ofNotifier(fact: NotifierdFact): Meaning {
  switch (fact.kind) {
    case "delivery.failed": {
      const text = `letter "${fact.subject}" to ${fact.to} was not delivered: ${fact.reason}`;
      return { text, floor: "warning", weight: 3 };
    }
    case "flapping.started": {
      const often = `${fact.changes} changes in ${duration(fact.withinMs)}`;
      const silent = `its changes are not told until it was calm for ${duration(fact.withinMs)}`;
      const text = `${fact.what} is flapping, now ${state(fact.down)}: ${often}; ${silent}`;
      const trouble = { key: fact.trouble, what: fact.what, phase: "begins" } as const;
      return { text, floor: "warning", weight: 14, trouble };
    }
    case "flapping.ended":
      return flappingEnded(fact);
    case "silence.started": {
      const text = `${fact.by} silenced ${fact.pattern} for ${duration(fact.forMs)}: ${fact.why}`;
      return { text, floor: "info", weight: 1 };
    }
    case "silence.ended": {
      const left = fact.troubles.length === 0 ? "" : `; still in trouble: ${fact.troubles.join(", ")}`;
      const about = `${fact.by} for ${fact.pattern} (${fact.why})`;
      const text = `the silence of ${about} is over: ${fact.untold} events were not told${left}`;
      return { text, floor: "info", weight: 4 };
    }
    case "letter.acknowledged":
      return { text: `${fact.by} takes care of "${fact.subject}"`, floor: "info", weight: 1 };
    case "daemon.restarted": {
      const text = `${fact.restarted} was started again; its former process ended without a word`;
      const changes = { key: `daemon ${fact.restarted}`, what: fact.restarted, down: false };
      // Whoever reads this hears us: our own restart is part of the story, no alarm.
      return { text, floor: fact.restarted === "notifierd" ? "info" : "warning", weight: 16, changes };
    }
    case "node.returned": {
      const seen = `${new Date(fact.lastSeenMs).toISOString().slice(0, 19)}Z`;
      const last = `last sign of life ${seen}, ${duration(fact.awayMs)} ago`;
      const text = `this node is back after a power failure or a crash: ${last}`;
      return { text, floor: "warning", weight: 38 };
    }
  }
}

type FlappingEnded = Extract<NotifierdFact, { readonly kind: "flapping.ended" }>;

function flappingEnded({ what, down, changes, lastedMs, longestDownMs, trouble }: FlappingEnded): Meaning {
  const longest = longestDownMs === 0 ? "" : `, longest down ${duration(longestDownMs)}`;
  const text = `${what} is calm and ${state(down)}: ${changes} changes in ${duration(lastedMs)}${longest}`;
  if (down) return { text, floor: "warning", weight: 13, trouble: { key: trouble, what, phase: "begins" } };
  return { text, floor: "notice", weight: 5, trouble: { key: trouble, what, phase: "ends" } };
}
