/** notifier status: is there anything to worry about in how letters leave? */
import type { Command } from "@systole/daemon";
import { duration } from "../core/duration.js";
import { ask, letters, type Status } from "./ask.js";

export const status: Command = {
  name: "status",
  summary: "letters, mail servers, and the daemons it listens to",
  async run({ out }) {
    const answer = await ask<Status>("status");
    if (out.wantsJson) out.json(answer);
    else for (const line of lines(answer)) out.line(line);
    return answer.channels.every(({ outage }) => outage === null) && answer.failed === 0 ? 0 : 1;
  },
};

function lines({
  waiting,
  failed,
  held,
  unacknowledged,
  channels,
  flapping,
  silences,
  sources,
}: Status): readonly string[] {
  const troubles = channels.flatMap(({ channel, outage }) =>
    outage === null ? [] : [`${channel}: ${outage.problem}`],
  );
  return [
    `${letters(waiting)} waiting, ${failed} failed`,
    ...(held === 0 ? [] : [`${held} are held back and come as one letter`]),
    ...(unacknowledged === 0 ? [] : [`${unacknowledged} wait for somebody to acknowledge them`]),
    ...(troubles.length === 0 ? ["mail servers: no trouble"] : troubles),
    ...flapping.map((what) => `flapping: ${what}`),
    ...silences.map(({ pattern, by, leftMs }) => `silent for ${duration(leftMs)}: ${pattern}, by ${by}`),
    ...Object.entries(sources).map(([source, { live }]) => `${source}: ${live ? "heard" : "silent"}`),
  ];
}
