/**
 * The small tools beside the original's: the same question to a node of ours and to a real 3.0.6 of the same cluster, in the
 * same situation. Standard output and exit code must be the same; complaints on stderr may be in our words.
 */
import { expect, test } from "vitest";
import { until } from "../lab/until.js";
import { type Mixed, type Name, OTHER, PREFERRED, withMixed } from "./mixed-cluster.js";

const LIFE_MS = 1_200_000;
const KEY = (node: Name) => `IPaddr2::10.0.1.20${node === PREFERRED ? 0 : 1}/24/pub`;
const HA_CF = "ping 10.0.1.100 10.0.1.99\nping_group gateways 10.0.1.100\nenv FOO=bar\n";

/** `SELF`: the node that is asked. */
const SETTLED = `
hbstatus | hbstatus -m | hbstatus -v | hbstatus x | hbstatus -q
listnodes | listnodes -n | listnodes -p | listnodes -v | listnodes -m | listnodes -n -v | listnodes -pv | listnodes -np
listnodes x | listnodes -h
nodestatus | nodestatus director1 | nodestatus -m director2 | nodestatus director1 -m | nodestatus -v director1
nodestatus nosuch | nodestatus DIRECTOR1 | nodestatus 10.0.1.100 | nodestatus -m 10.0.1.100 | nodestatus 10.0.1.99
nodestatus gateways | nodestatus director1 director2
nodetype | nodetype director1 | nodetype -m director1 | nodetype 10.0.1.100 | nodetype gateways | nodetype nosuch
nodeweight | nodeweight director1 | nodeweight -m director1 | nodeweight 10.0.1.100 | nodeweight nosuch
nodesite | nodesite director1 | nodesite -m director1 | nodesite 10.0.1.100 | nodesite nosuch
listhblinks | listhblinks director1 | listhblinks -v director1 | listhblinks -v director2 | listhblinks -m director1
listhblinks -v 10.0.1.100 | listhblinks -v 10.0.1.99 | listhblinks gateways | listhblinks nosuch
hblinkstatus | hblinkstatus director1 | hblinkstatus director1 hb1 | hblinkstatus director2 hb1 | hblinkstatus -m director1 hb1
hblinkstatus director1 none | hblinkstatus nosuch hb1 | hblinkstatus 10.0.1.100 10.0.1.100 | hblinkstatus -m 10.0.1.99 10.0.1.99
clientstatus | clientstatus director1 | clientstatus nosuch x | clientstatus SELF ipfail | clientstatus -m SELF ipfail
clientstatus PEER ipfail 5000 | clientstatus -m PEER ipfail 5000 | clientstatus 10.0.1.100 ipfail 500
rscstatus | rscstatus -m | rscstatus -v | rscstatus x
hbparameter | hbparameter -p | hbparameter -p keepalive | hbparameter -m -p keepalive | hbparameter -p keepalive -m
hbparameter -p nosuch | hbparameter -m -p nosuch | hbparameter keepalive | hbparameter -p keepalive x
nosuch | nosuch -h | -m | -m hbstatus | -v | HBSTATUS
${"cluster hopfudge deadtime deadping warntime initdead baud auto_failback hbgenmethod realtime msgfmt udpport debug node ping"
  .concat(
    " ping_group bcast respawn apiauth logfile logfacility use_logd env watchdog stonith rtprio coredumps crm pacemaker",
  )
  .concat(
    " autojoin uuidfrom compression compression_threshold traditional_compression max_rexmit_delay memreserve KEEPALIVE",
  )
  .split(" ")
  .map((name) => `hbparameter -p ${name}`)
  .join(" | ")}
`;

const STOPPED =
  "hbstatus | hbstatus -v | nodestatus director1 | nodestatus | listnodes -q | rscstatus | hbparameter | nosuch";

const linesOf = (text: string): readonly string[] =>
  text
    .split(/[|\n]/)
    .map((line) => line.trim())
    .filter(Boolean);

const asked = (line: string, node: Name): readonly string[] => {
  const peer = node === PREFERRED ? OTHER : PREFERRED;
  return line.replace("SELF", node).replace("PEER", peer).split(" ").filter(Boolean);
};

async function answerOf(mixed: Mixed, name: Name, tool: string, line: string) {
  const { status, stdout } = await mixed.call(name, tool, asked(line, name), false);
  const text = stdout.replace(/version:?[\t ][^)\n]*\)?/, "VERSION");
  if (!/SELF|PEER/.test(line)) return { status, stdout: text };
  const peer = name === PREFERRED ? OTHER : PREFERRED;
  return { status, stdout: text.replaceAll(name, "SELF").replaceAll(peer, "PEER") };
}

/** Each line is put to both nodes; the lines whose answers differ. */
async function differences(mixed: Mixed, tool: string, lines: readonly string[]) {
  const found: unknown[] = [];
  for (const line of lines) {
    const [from, against] = await Promise.all(
      [mixed.options.ours, mixed.real].map((name) => answerOf(mixed, name, tool, line)),
    );
    if (JSON.stringify(from) !== JSON.stringify(against)) found.push({ line, ours: from, real: against });
  }
  return found;
}

test("cl_status of both says the same of the same cluster", { timeout: LIFE_MS }, async () => {
  const options = {
    ours: PREFERRED,
    media: "bcast hb1\n",
    authkeys: "auth 1\n1 sha1 k\n",
    haCf: HA_CF,
  } as const;
  await withMixed(options, async (mixed) => {
    for (const name of [PREFERRED, OTHER] as const)
      mixed.put(name, "haresources", `director1 ${KEY(PREFERRED)}\ndirector2 ${KEY(OTHER)}\n`);
    mixed.put(PREFERRED, "ha.cf", `logfile /var/log/ha-log\n${mixed.read(PREFERRED, "ha.cf")}`);
    expect(await differences(mixed, "cl_status", linesOf(STOPPED))).toEqual([]);
    await mixed.startBoth();
    const settled = async () =>
      (await mixed.holds(PREFERRED)) === "local" && (await mixed.holds(OTHER)) === "local";
    await until("both to have their own group", settled, { everyMs: 500, limitMs: 300_000 });
    expect(await differences(mixed, "cl_status", linesOf(SETTLED))).toEqual([]);
  });
});
