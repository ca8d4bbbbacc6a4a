/** A letter as a message with its headers, RFC 5322: text first, the same as HTML behind it. */
import { html } from "../core/html.js";
import type { Letter } from "../types.js";

/** Those who are told only because nobody took care of it read this first. */
const ESCALATED = (letter: Letter) =>
  `Nobody has acknowledged this letter yet. If you take care of it: notifier ack ${letter.id}\n\n`;

/**
 * @param to who gets it this time; `To` names all that the letter is for
 * @throws Error whatever the composer does not like
 */
export async function encode(letter: Letter, to: readonly string[]): Promise<Buffer> {
  const { default: MailComposer } = await import("nodemailer/lib/mail-composer");
  const woken = letter.deliveries.some(
    ({ address, afterMs }) => afterMs !== undefined && to.includes(address),
  );
  const text = woken ? `${ESCALATED(letter)}${letter.text}` : letter.text;
  const named = letter.deliveries.filter(({ state }) => state !== "standby" && state !== "spared");
  const composer = new MailComposer({
    from: { name: `Systole on ${letter.node}`, address: letter.from },
    to: named.length === 0 ? [...to] : named.map(({ address }) => address),
    subject: letter.subject,
    text,
    html: html({ ...letter, text }),
    date: new Date(letter.createdAtMs),
    messageId: letter.messageId,
    ...(letter.inReplyTo === undefined ? {} : { inReplyTo: letter.inReplyTo, references: letter.inReplyTo }),
    headers: {
      "Auto-Submitted": "auto-generated",
      "X-Systole-Node": letter.node,
      "X-Systole-Severity": letter.severity,
      "X-Systole-Event": letter.events[0] ?? (letter.digestOf === undefined ? "test" : "digest"),
      "X-Systole-Letter": letter.id,
    },
    xMailer: false,
    disableFileAccess: true,
    disableUrlAccess: true,
  });
  return await composer.compile().build();
}
