/** One line for a person of what a daemon published. */
import type { ClusterEvent, Fact } from "@systole/bus";

/** `undefined` for what would only distract here. */
export function factLine({ fact }: ClusterEvent): string | undefined {
  return sentence(fact);
}

function sentence(fact: Fact): string | undefined {
  switch (fact.kind) {
    case "node.alive":
      return `hears ${fact.peer}`;
    case "node.late":
      return `has not heard ${fact.peer} for ${fact.silenceMs} ms`;
    case "node.dead":
      return `declares ${fact.peer} dead after ${fact.silenceMs} ms of silence`;
    case "takeover.started":
      return `takes over ${fact.groups.join(", ")} (${fact.reason})`;
    case "takeover.finished":
      return `took over in ${fact.totalMs} ms: ${fact.steps.map(({ step, ms }) => `${step} ${Math.round(ms)}`).join(", ")}`;
    case "release.finished":
      return `released ${fact.groups.join(", ")} in ${fact.totalMs} ms (${fact.reason})`;
    case "resource.failed":
      return `cannot ${fact.action} ${fact.resource}: ${fact.problem}`;
    case "resource.down":
      return `${fact.resource} is down (${fact.reason}): ${fact.consequence}`;
    case "resource.up":
      return `${fact.resource}: ${fact.how}`;
    case "vip.up":
    case "vip.down":
      return `${fact.address} is ${fact.kind === "vip.up" ? "up" : "down"} on ${fact.device} (${fact.reason})`;
    case "stall":
      return `stood still for ${fact.stalledMs} ms: ${fact.consequence}`;
    case "split-brain.suspected":
    case "split-brain.healed":
      return `${fact.kind}: ${fact.problem}`;
    case "real-server.down":
      return `${fact.server} ${fact.action}: ${fact.reason}`;
    case "real-server.up":
      return `${fact.server} serves with weight ${fact.weight}`;
    case "fallback.used":
    case "fallback.left":
      return `${fact.service}: fallback ${fact.server} ${fact.kind === "fallback.used" ? "in" : "out"}`;
    case "table.refused":
      return `${fact.change} refused: ${fact.problem}`;
    case "sync.established":
      return `in step with ${fact.peer}`;
    case "sync.lost":
      return `lost ${fact.peer}: ${fact.reason}`;
    case "commit.finished":
      return `wrote ${fact.written} connections into the kernel in ${fact.totalMs} ms (${fact.failed} failed)`;
    default:
      return undefined; // starts, stops, letters: the mail server shows the latter
  }
}
