/** What a fact means to a person: the words of `facts.ts` and `own-facts.ts`. */
import type { Severity } from "../types.js";
import type { Change } from "./flaps.js";

export interface Meaning {
  /** A sentence without a full stop, in which the reporting node is not named. */
  readonly text: string;
  readonly floor: Severity;
  /** Which of several equally severe facts makes the subject: the higher. */
  readonly weight: number;
  /** The trouble, named the same at its beginning and at its end; `what` is for people. */
  readonly trouble?: { readonly key: string; readonly what: string; readonly phase: "begins" | "ends" };
  /** No trouble, but something that should not change all the time. */
  readonly changes?: Change;
}
