/**
 * A long time beside a real heartbeat at keepalive 200 ms, one datagram in twenty lost: no message is lost for good, and
 * nobody is called dead. SYSTOLE_SOAK_SECONDS says how long; `npm run nightly` soaks for ten minutes.
 */
import { describe, expect, test } from "vitest";
import { peersImpossible } from "../lab/peer.js";
import { elapse, until } from "../lab/until.js";
import { type Mixed, OTHER, PREFERRED, withMixed } from "./mixed-cluster.js";

const SECONDS = Number(process.env.SYSTOLE_SOAK_SECONDS ?? "120");
const LOSS_PERCENT = 5;
/** How often messages were missed, in the log's words. */
const MISSED = /lost packet\(s\) for \[/g;
const COMPLETE = "No pkts missing from ";

const sum = ({ log }: { readonly log: string }) => ({
  missed: [...log.matchAll(MISSED)].length,
  complete: log.lastIndexOf(COMPLETE) > log.lastIndexOf("lost packet(s) for ["),
  forGood: log.includes("Irretrievably lost packet"),
  dead: log.includes(": is dead"),
  late: [...log.matchAll(/Late heartbeat/g)].length,
});

const sums = (mixed: Mixed) => ([PREFERRED, OTHER] as const).map((name) => sum({ log: mixed.log(name) }));

describe.skipIf(peersImpossible("cluster") !== undefined)("a soak", () => {
  test(
    `of ${SECONDS} s beside a real heartbeat with ${LOSS_PERCENT} % loss`,
    async () => {
      const options = {
        ours: PREFERRED,
        media: "ucast hb1 10.0.3.1\nucast hb1 10.0.3.2\n",
        authkeys: "auth 1\n1 sha1 laboratory-key\n",
        times: "keepalive 200ms\ndeadtime 4\nwarntime 2\ninitdead 12\n",
      } as const;
      await withMixed(options, async (mixed) => {
        await mixed.startBoth();
        await mixed.settled(PREFERRED);
        await mixed.cluster.faults.loss(OTHER, "hb1", LOSS_PERCENT);
        await elapse(SECONDS * 1000);
        await mixed.cluster.faults.heal();
        await until("all that was missed to be there", () => sums(mixed).every(({ complete }) => complete));
        const after = sums(mixed);
        console.log(`soak of ${SECONDS} s: ${JSON.stringify(after)}`);
        for (const { missed, forGood, dead } of after) {
          expect(missed).toBeGreaterThan(SECONDS / 20);
          expect([forGood, dead]).toEqual([false, false]);
        }
        expect(mixed.owners()).toEqual([PREFERRED]);
      });
    },
    (SECONDS + 300) * 1000,
  );
});
