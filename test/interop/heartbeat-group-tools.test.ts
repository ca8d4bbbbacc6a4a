/**
 * ResourceManager, the tools around groups and members, and the options of heartbeat, beside the original's: the same
 * question to a node of ours and to a real 3.0.6 gets the same standard output and exit code. cl_status has its own file.
 */
import { expect, test } from "vitest";
import { until } from "../lab/until.js";
import { type Mixed, type Name, OTHER, PREFERRED, withMixed } from "./mixed-cluster.js";

const LIFE_MS = 1_200_000;
const patience = { everyMs: 500, limitMs: 300_000 };
const HERS = "IPaddr2::10.0.1.200/24/pub";
const HIS = "IPaddr2::10.0.1.201/24/pub";

const QUESTIONS = [
  ...["listkeys", "listkeys director1", "listkeys DIRECTOR2", "listkeys .*", "listkeys dir", "allkeys"],
  ...["status", `status ${HERS}`, `status ${HIS}`, "status nosuch", `statgroup ${HIS}`, "verifyallidle"],
  ...["takegroup", "takegroup nosuch", "givegroup", "givegroup nosuch", "nosuch", "-x"],
].map((line) => `ResourceManager ${line}`.trim());

const OTHERS = [
  ...["hb_addnode", "hb_delnode", "hb_setweight", "hb_setsite", "mach_down nosuch"],
  ...["heartbeat -D", "heartbeat -DW", "heartbeat -s", "heartbeat -x", "heartbeat -C local"],
];

async function answerOf(mixed: Mixed, name: Name, line: string) {
  const [tool = "", ...args] = line.split(" ");
  const { status, stdout } = await mixed.call(name, tool, args, false);
  const text = stdout.replace(/\(version [^)]*\)/, "(version V)").replace(/pid \d+/, "pid PID");
  return { status, stdout: tool === "heartbeat" ? text.replaceAll(name, "SELF") : text };
}

/** A group runs where it prefers to, so what runs here differs: `status` of one's own key says yes on both. */
const mirrored = (line: string): string =>
  line.replace(/10\.0\.1\.20([01])/, (_, last: string) => `10.0.1.20${last === "0" ? 1 : 0}`);

test("tools of both say the same of the same cluster", { timeout: LIFE_MS }, async () => {
  const options = { ours: PREFERRED, media: "bcast hb1\n", authkeys: "auth 1\n1 sha1 k\n" } as const;
  await withMixed(options, async (mixed) => {
    for (const name of [PREFERRED, OTHER] as const)
      mixed.put(name, "haresources", `director1 ${HERS}\ndirector2 ${HIS}\n`);
    await mixed.startBoth();
    const settled = async () =>
      (await mixed.holds(PREFERRED)) === "local" && (await mixed.holds(OTHER)) === "local";
    await until("both to have their own group", settled, patience);

    const differ: unknown[] = [];
    for (const line of [...QUESTIONS, ...OTHERS]) {
      const [ours, real] = await Promise.all([
        answerOf(mixed, PREFERRED, line),
        answerOf(mixed, OTHER, mirrored(line)),
      ]);
      if (ours.status !== real.status || ours.stdout !== real.stdout) differ.push({ line, ours, real });
    }
    expect(differ).toEqual([]);
    expect((await mixed.call(PREFERRED, "req_resource", [HERS])).status).toBe(0);

    await mixed.call(OTHER, "hb_setweight", ["director1", "50"]);
    await mixed.call(PREFERRED, "hb_setsite", ["director2", "cellar"]);
    const said = async (name: Name, ...args: string[]) => (await mixed.call(name, "cl_status", args)).stdout;
    await until(
      "ours to know the weight",
      async () => (await said(PREFERRED, "nodeweight", "director1")) === "50\n",
      patience,
    );
    await until(
      "the real one to know the site",
      async () => (await said(OTHER, "nodesite", "director2")) === "cellar\n",
      patience,
    );
  });
});
