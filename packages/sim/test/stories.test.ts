/** Every story of test/stories. With SYSTOLE_STORIES=write what is seen replaces what was expected. */
import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { formatStory, parseStory, playStory } from "@systole/sim";
import { expect, test } from "vitest";

const folder = new URL("../../../test/stories/", import.meta.url);
const stories = readdirSync(folder).filter((name) => name.endsWith(".story"));

test.each(stories)("%s", (name) => {
  const file = new URL(name, folder);
  const text = readFileSync(file, "utf8");
  const { played, violation } = playStory(parseStory(text));
  const seen = formatStory(played);
  if (process.env.SYSTOLE_STORIES === "write") writeFileSync(file, seen);
  else expect(seen).toBe(text);
  expect(violation).toBeUndefined();
});
