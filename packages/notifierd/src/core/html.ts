/** The HTML part of a letter: the same text, what it is about in bold, a heading in the colour of its severity. */
import type { Letter } from "../types.js";

const COLORS: Readonly<Record<Letter["severity"], string>> = {
  info: "#555555",
  notice: "#1a6b2f",
  warning: "#9a5b00",
  critical: "#a80000",
};

const ESCAPES: Readonly<Record<string, string>> = { "&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;" };

export const escapeHtml = (text: string): string => text.replaceAll(/[&<>"]/g, (one) => ESCAPES[one] ?? one);

export function html({ subject, text, severity }: Pick<Letter, "subject" | "text" | "severity">): string {
  const lines = text.split("\n").map((line) => {
    const safe = escapeHtml(line);
    return line.startsWith("* ") ? `<b>${safe}</b>` : safe;
  });
  return [
    '<!DOCTYPE html><html><head><meta charset="utf-8"></head><body>',
    `<p style="color:${COLORS[severity]};font-weight:bold">${escapeHtml(subject)}</p>`,
    `<pre style="font-family:monospace;white-space:pre-wrap">${lines.join("\n")}</pre>`,
    "</body></html>\n",
  ].join("\n");
}
