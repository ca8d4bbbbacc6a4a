/**
 * Four busy loops on the processors of two directors with the times of the shipped ha.cf: nobody is called dead.
 * SYSTOLE_HOGS_SECONDS says how long; `npm test` takes ten minutes, `npm run bench -- hogs` an hour.
 *
 * Other tests run beside it, and are not to be starved: the hogs have the lowest priority, and so have all threads of the
 * directors but those that are real-time. Hogs and directors are equals; to the directors the other tests are hogs, too.
 */
import { expect, test } from "vitest";
import { LOWEST, reniceAll, startHogs } from "../lab/hogs.js";
import { ownersIn, watchAnswers } from "../lab/probe.js";
import { elapse } from "../lab/until.js";
import { VIP, withPair } from "./heartbeat-pair.js";

const SECONDS = Number(process.env.SYSTOLE_HOGS_SECONDS ?? "20");
const HOGS = 4;
const WATCHED_AT_ONCE_S = 30;
const SHIPPED = "keepalive 200ms\ndeadtime 1\nwarntime 500ms\ninitdead 5\n";

test(
  `${HOGS} hogs for ${SECONDS} s: no takeover`,
  async () => {
    await withPair({ times: SHIPPED }, async (pair) => {
      for (const node of pair.nodes) reniceAll(pair.pids.get(node.name)!, LOWEST); // both were started
      const hogs = await startHogs(pair.cluster, HOGS, LOWEST);
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
