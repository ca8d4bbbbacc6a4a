/** The letter of `notifier test`. */
import { messageId } from "../core/letter.js";
import type { Channel, Letter } from "../types.js";

export interface TestLetterParts {
  readonly node: string;
  readonly from: string;
  readonly to: readonly string[];
  readonly channel: Channel;
  readonly nowMs: number;
  readonly random: number;
}

export function testLetter({ node, from, to, channel, nowMs, random }: TestLetterParts): Letter {
  const name = `test.${Math.floor(random * 0xffff_ffff).toString(36)}`;
  return {
    schemaVersion: 1,
    id: `${String(nowMs).padStart(14, "0")}.${name}`,
    channel,
    createdAtMs: nowMs,
    messageId: messageId(`${name}.${nowMs}`, node),
    from,
    subject: `${node}: test letter of Systole`,
    text: `This is a test letter of notifierd on ${node}. Letters about your cluster will come this way.\n`,
    ...{ severity: "info", node, opens: [], closes: [], events: [] },
    deliveries: to.map((address) => ({ address, state: "waiting", attempts: 0 })),
  };
}
