/**
 * What was said on a connection, for the event of a real server that went down: bounded and escaped. Most checks pass
 * and nobody asks: what was said is only kept, and made text when it is.
 */
import { shortened } from "./conversation.js";

const LONGEST = 2048;
const LONGEST_PART = 512;

export interface Transcript {
  said(bytes: string, secret: boolean): void;
  heard(bytes: string): void;
  noted(text: string): void;
  /** Undefined if nothing happened. */
  text(): string | undefined;
}

export function startTranscript(): Transcript {
  const parts: { readonly mark: string; readonly text: string }[] = [];
  let length = 0;
  const add = (mark: string, text: string) => {
    if (length >= LONGEST) return;
    parts.push({ mark, text: text.length > LONGEST ? text.slice(0, LONGEST) : text });
    length += text.length;
  };
  return {
    said: (bytes, secret) => add(">", secret ? "(not shown)" : bytes),
    heard: (bytes) => add("<", bytes),
    noted: (what) => add("*", what),
    text() {
      const lines = parts.flatMap(({ mark, text }) =>
        text
          .split(/\r?\n/)
          .filter((line) => line !== "")
          .map((line) => `${mark} ${shortened(line, LONGEST_PART)}\n`),
      );
      return lines.length === 0 ? undefined : lines.join("").slice(0, LONGEST);
    },
  };
}
