/** What was said on a connection, for the event of a real server that went down: bounded and escaped. */
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
  let text = "";
  const add = (mark: string, part: string) => {
    for (const line of part.split(/\r?\n/)) {
      if (line !== "" && text.length < LONGEST) text += `${mark} ${shortened(line, LONGEST_PART)}\n`;
    }
  };
  return {
    said: (bytes, secret) => add(">", secret ? "(not shown)" : bytes.slice(0, LONGEST)),
    heard: (bytes) => add("<", bytes.slice(0, LONGEST)),
    noted: (what) => add("*", what),
    text: () => (text === "" ? undefined : text.slice(0, LONGEST)),
  };
}
