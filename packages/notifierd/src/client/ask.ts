/** Questions to the running notifierd, and its answers: made by its `commands.ts`, of this same version. */
import { controlClient, controlPath } from "@systole/daemon";
import type { Delivery, Letter } from "../types.js";

/** A letter as lists show it. */
export interface Brief {
  readonly id: string;
  readonly folder: "cur" | "failed" | "done";
  readonly createdAtMs: number;
  readonly subject: string;
  readonly deliveries: readonly Delivery[];
}

export interface Found {
  readonly folder: Brief["folder"];
  readonly letter: Letter;
  readonly dialogue: readonly string[] | null;
}

export interface Outage {
  readonly failures: number;
  readonly problem: string;
}

export interface Status {
  readonly waiting: number;
  readonly failed: number;
  readonly outage: Outage | null;
  readonly channels: readonly {
    readonly channel: string;
    readonly waiting: number;
    readonly outage: Outage | null;
  }[];
  readonly held: number;
  readonly unacknowledged: number;
  readonly flapping: readonly string[];
  readonly silences: readonly SilenceBrief[];
  readonly sources: Readonly<Record<string, { readonly live: boolean }>>;
}

export interface SilenceBrief {
  readonly id: string;
  readonly pattern: string;
  readonly by: string;
  readonly leftMs: number;
  readonly untold: number;
}

/** A test asks each verb, so that the shape is right. */
export async function ask<Answer>(
  verb: string,
  args: Readonly<Record<string, unknown>> = {},
): Promise<Answer> {
  const answer = await controlClient(controlPath("notifierd")).call(verb, args);
  return answer as Answer; // proof: the comment above
}

/** Who sits at the terminal, for the letters; the kernel vouches for the user only. */
export const whoami = ({ SUDO_USER, USER }: NodeJS.ProcessEnv = process.env): string =>
  SUDO_USER ?? USER ?? "";

/** `1 letter is`, `2 letters are`. */
export const letters = (count: number): string => (count === 1 ? "1 letter is" : `${count} letters are`);

export const stamp = (ms: number): string => `${new Date(ms).toISOString().slice(0, 19)}Z`;

export const FOLDER_WORDS = { cur: "waiting", failed: "failed", done: "delivered" } as const;

export const replies = (deliveries: readonly Delivery[]): readonly string[] =>
  deliveries.map(
    ({ address, state, reply }) => `${address}: ${state}${reply === undefined ? "" : `: ${reply}`}`,
  );
