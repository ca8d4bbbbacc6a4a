import { expect, test } from "vitest";
import { messageSplitter } from "../src/media/message-splitter.js";
import { byteString, bytesOf } from "../src/wire/field.js";

const one = ">>>\nt=status\nauth=1 ab\n<<<\n";
const two = ">>>\nt=starting\nauth=1 cd\n<<<\n";

function found(...pieces: string[]): string[] {
  const messages: string[] = [];
  const split = messageSplitter((message) => messages.push(byteString(message)));
  for (const piece of pieces) split(bytesOf(piece));
  return messages;
}

test.each([
  { what: "as it was sent", pieces: [one], messages: [one] },
  { what: "byte by byte", pieces: [...one], messages: [one] },
  { what: "two at once", pieces: [one + two], messages: [one, two] },
  { what: "with the NUL behind each", pieces: [`${one}\0${two}\0`], messages: [one, two] },
  { what: "after noise", pieces: ["\0\u00ff~ noise", one], messages: [one] },
  { what: "after noise that began like a message", pieces: [`>>>\nnoi${one}`], messages: [one] },
  { what: "after one whose end was lost", pieces: [">>>\nt=status\nau", two], messages: [two] },
  { what: "after an end without a beginning", pieces: [`uth=1 ab\n<<<\n${two}`], messages: [two] },
])("a message $what", ({ pieces, messages }) => {
  expect(found(...pieces)).toEqual(messages);
});

test("endless noise fills no memory, and a message after it is found", () => {
  const noise = "x".repeat(10_000);
  expect(found(">>>\n", ...Array.from({ length: 1000 }, () => noise), one)).toEqual([one]);
});
