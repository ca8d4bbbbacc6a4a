/** One attempt to hand over a letter, by the channel it goes. */
import type { Clock } from "@systole/machine";
import type { NotifierSettings } from "../config/settings.js";
import { channelOf, type Letter } from "../types.js";
import type { Dialogue } from "./dialogue.js";
import type { Outcome } from "./outcome.js";
import { deliverBySendmail } from "./sendmail.js";
import { deliver } from "./smtp.js";
import { deliverByWebhook } from "./webhook.js";

export interface DeliverParts {
  /** Said in EHLO. */
  readonly localName: string;
  readonly clock: Clock;
  readonly dialogue: Dialogue;
}

export async function deliverByChannel(
  letter: Letter,
  to: readonly string[],
  { smtp, webhooks }: NotifierSettings,
  parts: DeliverParts,
): Promise<Outcome> {
  const channel = channelOf(letter);
  if (channel !== "mail") {
    const hook = webhooks.find(({ name }) => `webhook ${name}` === channel);
    if (hook !== undefined) return await deliverByWebhook(hook, letter, parts);
    const reply = `there is no [${channel}] in notifier.ini any more`;
    return {
      type: "answered",
      server: channel,
      tls: false,
      answers: to.map((address) => ({ address, verdict: "never", reply })),
    };
  }
  if (smtp.sendmail !== undefined) return await deliverBySendmail(smtp.sendmail, letter, to, smtp, parts);
  return await deliver(letter, to, smtp, parts);
}
