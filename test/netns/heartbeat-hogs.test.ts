/**
 * Four busy loops on the processors of two directors with the times of the shipped ha.cf, for ten minutes: nobody is called
 * dead. SYSTOLE_HOGS_SECONDS says how long else; an hour beside the originals is `npm run bench -- hogs`.
 *
 * It runs alone, for it starves everything else. Beside other tests, with all threads but the real-time one at the lowest
 * priority, directors were silent for up to 2.7 s: probably for locks that such a thread held and had no processor to release.
 */
import { expect, test } from "vitest";
import { startHogs } from "../lab/hogs.js";
import { ownersIn, watchAnswers } from "../lab/probe.js";
import { elapse } from "../lab/until.js";
import { VIP, withPair } from "./heartbeat-pair.js";

const SECONDS = Number(process.env.SYSTOLE_HOGS_SECONDS ?? "600");
const HOGS = 4;
const WATCHED_AT_ONCE_S = 30;
const SHIPPED = "keepalive 200ms\ndeadtime 1\nwarntime 500ms\ninitdead 5\n";

test(
  `${HOGS} hogs for ${SECONDS} s: no takeover`,
  async () => {
    await withPair({ times: SHIPPED }, async (pair) => {
      const hogs = await startHogs(pair.cluster, HOGS);
      const answers: string[] = [];
      for (let left = SECONDS; left > 0; left -= WATCHED_AT_ONCE_S) {
        const onlooker = await watchAnswers(pair.cluster.node("client"), VIP);
        await elapse(Math.min(left, WATCHED_AT_ONCE_S) * 1000);
        answers.push(...ownersIn(await onlooker.stop()));
      }
      const late = pair.nodes.map((node) => node.log("heartbeat").split("Late heartbeat").length - 1);
      console.log(`${HOGS} hogs for ${SECONDS} s: late heartbeats: ${late.join(" and ")}`);
      expect(hogs.filter(({ ended }) => ended)).toEqual([]);
      expect(new Set(answers).size).toBe(1);
      expect(answers.length).toBe(Math.ceil(SECONDS / WATCHED_AT_ONCE_S)); // one owner in each look
      for (const node of pair.nodes) expect(node.log("heartbeat")).not.toContain("is dead");
    });
  },
  (SECONDS + 180) * 1000,
);
