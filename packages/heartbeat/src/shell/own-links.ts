/** On which media we hear ourselves: those that carry what we say back to us, such as bcast. */
import { type Clock, type Instant, type Millis, plus } from "@systole/machine";

export interface OwnLinks {
  heard(medium: string): void;
  /** Media on which we heard ourselves within the deadtime. */
  up(): readonly string[];
}

export function createOwnLinks(clock: Clock, deadtime: () => Millis): OwnLinks {
  const heard = new Map<string, Instant>();
  return {
    heard: (medium) => void heard.set(medium, clock.now()),
    up: () => [...heard].filter(([, at]) => plus(at, deadtime()) > clock.now()).map(([name]) => name),
  };
}
