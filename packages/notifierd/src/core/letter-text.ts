/** The text of a letter: the story with times, both timelines, and what needs more than a line. */
import type { ClusterEvent, Letter } from "../types.js";
import type { Incident } from "./digest.js";
import { duration } from "./duration.js";
import { meaning } from "./facts.js";
import { body, indented, oneLine } from "./printable.js";
import { bothTimelines, handOver } from "./timeline.js";

/** Events that stand in a letter as lines of its own; the rest is counted. */
const STORY_LINES = 200;
/** Conversations with real servers that are printed whole; fifty at once often say the same. */
const TRANSCRIPTS = 10;

export interface TextParts {
  readonly node: string;
  readonly wanted: (event: ClusterEvent) => boolean;
}

export function letterText({ events, notes }: Incident, { node, wanted }: TextParts): string {
  const story = events.toSorted((a, b) => a.atMs - b.atMs);
  const failed = events.filter(
    ({ fact }) => fact.kind === "real-server.down" && fact.transcript !== undefined,
  );
  const silent = new Set(failed.slice(TRANSCRIPTS));
  return body([
    ...story.slice(0, STORY_LINES).map((event) => storyLine(event, wanted(event))),
    ...(story.length > STORY_LINES ? [`  and ${story.length - STORY_LINES} more events`] : []),
    ...notes.map((note) => `Note: ${note}.`),
    ...bothTimelines(events),
    ...handOver(events),
    ...events.filter((event) => !silent.has(event)).flatMap(({ fact }) => details(fact)),
    ...(silent.size > 0 ? ["", `The checks of ${silent.size} more real servers are in systole events.`] : []),
    ...signature(node),
  ]);
}

const signature = (node: string): readonly string[] => [
  ...["", "-- "],
  `Systole notifierd on ${node}. Lines with * are what this letter is about; times are UTC.`,
];

/** `* 2026-11-20 12:00:01.123 lb2 heartbeat   lb1 is dead: ...` */
function storyLine(event: ClusterEvent, marked: boolean): string {
  const time = new Date(event.atMs).toISOString().replace("T", " ").slice(0, 23);
  const text = oneLine(meaning(event.fact).text, 1000);
  return `${marked ? "*" : " "} ${time} ${event.node} ${event.daemon.padEnd(10)}  ${text}`;
}

function details(fact: ClusterEvent["fact"]): readonly string[] {
  switch (fact.kind) {
    case "takeover.finished":
      return [
        "",
        `Steps of the takeover, ${duration(fact.totalMs)} in all:`,
        ...fact.steps.map(({ step, ms, error }) => {
          const failed = error === undefined ? "" : `  failed: ${oneLine(error, 500)}`;
          return `  ${duration(ms).padStart(8)}  ${oneLine(step)}${failed}`;
        }),
      ];
    case "real-server.down":
      if (fact.transcript === undefined) return [];
      return ["", `The check of ${oneLine(fact.server)}:`, ...indented(fact.transcript)];
    case "config.refused":
      return ["", ...fact.diagnostics.map((line) => `  ${oneLine(line, 1000)}`)];
    case "silence.ended":
      return fact.lines.length === 0
        ? []
        : ["", "Not told:", ...fact.lines.map((line) => `  ${oneLine(line, 500)}`)];
    case "letter":
      return ["", ...indented(`${fact.subject}\n${fact.text}`)];
    default:
      return [];
  }
}

/** Whole texts of held letters stand in their digest up to here; then their subjects must do. */
const DIGEST_CHARACTERS = 200_000;

/** What was held back, one after the other. */
export function digestText(letters: readonly Letter[], node: string, perHour: number): string {
  let room = DIGEST_CHARACTERS;
  const texts = letters.flatMap(({ subject, text }) => {
    const [own = ""] = text.split("\n-- \n");
    room -= own.length;
    return room < 0 ? [] : ["", `== ${oneLine(subject)}`, own.trimEnd()];
  });
  return body([
    `${letters.length} letters in one: more than ${perHour} an hour would have gone to you.`,
    "",
    ...letters.map(({ createdAtMs, subject }) => {
      return `  ${new Date(createdAtMs).toISOString().replace("T", " ").slice(0, 19)}  ${oneLine(subject)}`;
    }),
    ...texts,
    ...signature(node),
  ]);
}
