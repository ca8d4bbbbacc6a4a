/**
 * What the original did with scenarios that need processes: signals, pid files, instances, names, libraries. Ours as a
 * program, with real servers and a table in memory, in a node for each scenario.
 *
 * Those of one process are played in virtual time: packages/ldirectord/test/behaviour-vectors.test.ts.
 */
import { request } from "node:http";
import type { BalancerChange } from "@systole/kernel";
import { fakeKernel } from "@systole/kernel/fake";
import { beforeAll, describe, expect, test } from "vitest";
import {
  IN_PROCESSES,
  type Scenario,
  type Step,
  scenarios,
} from "../../packages/ldirectord/test/behaviour.js";
import { sortedTable, tableText } from "../../packages/ldirectord/test/ipvsadm.js";
import { HOSTS } from "../../packages/ldirectord/test/names.js";
import { withCluster } from "../lab/cluster.js";
import type { LabNode } from "../lab/node.js";
import type { Outcome, Running } from "../lab/process.js";
import { elapse, until } from "../lab/until.js";
import { bundle } from "../setup/bundle.mjs";

/** Where the scenarios' @D@ was. */
const PLACE = "/run/case";
const CONFIG = `${PLACE}/ldirectord.cf`;
const CHANGES = "/run/ipvs-changes";
const SERVERS = "/run/servers.sock";

const PIDFILE = "ldirectord.ldirectord.cf.pid";
const RUNNING = "ldirectord for /run/case/ldirectord.cf is running with pid: PID";

/** By scenario and step: what is shown of the corrected behaviour that the vectors' `ours` and the contract ask for. */
const FIXED: Readonly<Record<string, Readonly<Record<number, Partial<Seen>>>>> = {
  // 1.1: a broken file keeps nobody from stopping the daemon, and takes no pid file away.
  "broken-config-on-disk-commands": {
    2: { pidfiles: [PIDFILE] },
    3: { exit: 0, table: [], pidfiles: [], processes: 0 },
    4: { table: [], processes: 0 },
    5: { table: [] },
    6: { table: [], processes: 0 },
    7: { processes: 1 },
  },
  // 1.2: the line that heartbeat looks for stands on stdout.
  "cli-states": { 7: { stdout: [RUNNING], stderr: [] } },
  "execute-instances": { 1: { stdout: [RUNNING, RUNNING.replace("ldirectord.cf", "two.cf")], stderr: [] } },
  // 9.5: a signal is obeyed at once, not when the check is over.
  "double-term-during-http-check": { 1: { table: [] } },
  // 14: no children.
  "fork-basic": { 0: { processes: 1 } },
  "fork-child-killed": { 1: { processes: 1 } },
};

interface Seen {
  readonly exit: number;
  readonly table: readonly string[];
  readonly stdout: readonly string[];
  readonly stderr: readonly string[];
  readonly pidfiles: readonly string[];
  readonly processes: number;
}

let program: string;
let servers: string;
beforeAll(async () => {
  const entries = ["ldirectord-in-memory", "vector-servers"].map((name) => `test/netns/fixtures/${name}.ts`);
  [program = "", servers = ""] = await bundle("netns", entries);
});

class Play {
  readonly #node: LabNode;
  #background: Running | undefined;

  constructor(node: LabNode) {
    this.#node = node;
  }

  async prepare({ config, files = {}, servers: wanted = {} }: Scenario): Promise<void> {
    const routes = ["192.0.2.0/24", "198.51.100.0/24"].map((net) => `ip route add local ${net} dev lo`);
    await this.#node.sh(`${routes.join("; ")}; mkdir -p ${PLACE}/maint`);
    this.#node.put("/etc/hosts", HOSTS.map(([name, address]) => `${address} ${name}\n`).join(""));
    for (const [path, { text }] of Object.entries(files)) this.#node.put(`${PLACE}/${path}`, inPlace(text));
    this.#configure(config);
    await this.#node.daemon("servers", [process.execPath, servers, SERVERS]);
    const told = () =>
      this.#set(wanted).then(
        () => true,
        () => false, // no socket yet, or one that nobody listens on yet
      );
    await until("the servers to hear what they are", told, { limitMs: 60_000 });
  }

  #configure(text: string): void {
    this.#node.put(CONFIG, `logfile="${PLACE}/ldirectord.log"\n${inPlace(text)}`);
  }

  #set(wanted: Scenario["servers"]): Promise<void> {
    return new Promise((done, fail) => {
      const asked = request({ socketPath: this.#node.path(SERVERS), method: "PUT" }, (answer) => {
        answer.resume().once("end", done);
      });
      asked.once("error", fail).end(JSON.stringify(wanted));
    });
  }

  #ldirectord(words: readonly string[]): Promise<Outcome> {
    return this.#node.run([process.execPath, program, ...words], {
      check: false,
      env: { IPVS_CHANGES: CHANGES },
    });
  }

  /** @returns what a command said */
  async step(step: Step): Promise<Outcome | undefined> {
    switch (step.do) {
      case "start": {
        const words = [...(step.opts ?? []), CONFIG, "start"];
        if (step.background !== true) return this.#ldirectord(words);
        const env = { IPVS_CHANGES: CHANGES };
        this.#background = await this.#node.spawn([process.execPath, program, ...words], { env });
        return undefined;
      }
      case "cmd":
        return this.#ldirectord([CONFIG, ...(step.args as readonly string[])]); // words, in this kind of step
      case "server":
        return void (await this.#set(step.set ?? {}));
      case "config":
        return void this.#configure(step.text ?? "");
      case "file":
        return void this.#node.put(`${PLACE}/${step.path}`, inPlace(step.text ?? ""));
      case "rm":
        return void (await this.#node.run(["rm", `${PLACE}/${step.path}`]));
      case "sh":
        return void (await this.#node.sh(inPlace(step.run ?? "")));
      case "signal":
        return void (await this.#signal(step));
      default:
        throw new Error(`no step of processes: ${step.do}`);
    }
  }

  async #signal({ sig = "", target }: Step): Promise<void> {
    if (target === "background")
      this.#background!.send(`SIG${sig}` as NodeJS.Signals); // the vectors' word
    // The second of two signals may come after the end, which ours does not wait for.
    else if (target === undefined)
      await this.#node.sh(`kill -${sig} $(cat /run/${PIDFILE}) 2>/dev/null || true`);
  }

  table(): readonly string[] {
    const kernel = fakeKernel();
    const lines = this.#node.has(CHANGES) ? this.#node.read(CHANGES).split("\n").slice(0, -1) : [];
    kernel.balancer.applyNow(lines.map((line) => JSON.parse(line) as BalancerChange)); // our own fixture's
    return tableText(kernel.balancer.readNow());
  }

  async seen(outcome: Outcome | undefined): Promise<Seen> {
    const { stdout: files } = await this.#node.sh("cd /run && ls *.pid 2>/dev/null || true");
    const { stdout: count } = await this.#node.sh(`pgrep -fc '${program}.* start$' || true`);
    return {
      exit: outcome?.status ?? 0,
      table: this.table(),
      stdout: linesOf(outcome?.stdout ?? ""),
      stderr: linesOf(outcome?.stderr ?? ""),
      pidfiles: linesOf(files),
      processes: Number(count),
    };
  }

  /** Messages since the last call, without their date. */
  log(): readonly string[] {
    const path = `${PLACE}/ldirectord.log`;
    if (!this.#node.has(path)) return [];
    return linesOf(this.#node.read(path)).map((line) => line.replace(/^\[[^\]]*\] /, ""));
  }
}

const inPlace = (text: string): string => text.replaceAll("@D@", PLACE);
const linesOf = (text: string): readonly string[] =>
  text
    .split("\n")
    .filter((line) => line.trim() !== "")
    .map((line) => line.replace(/pid: \d+/, "pid: PID").replace(/\[\d+\]/, "[PID]"));

/** Of what was recorded after a step, with our corrections. */
function wanted({ name }: Scenario, index: number, { observed }: Step): Partial<Seen> {
  const { table = [], exit, stdout, stderr, pidfiles, processes } = observed;
  // An error's text is not a contract; one line of the original's may be two.
  const complaint = stderr?.some((line) => line.startsWith("Error ")) === true;
  return {
    table: sortedTable(table),
    ...(exit === undefined ? {} : { exit }),
    ...(stdout === undefined || complaint ? {} : { stdout }),
    ...(stderr === undefined || complaint ? {} : { stderr }),
    ...(pidfiles === undefined ? {} : { pidfiles }),
    ...(processes === undefined ? {} : { processes: processes.length }),
    ...FIXED[name]?.[index],
  };
}

describe.concurrent("scenarios of processes", () => {
  test.each(scenarios.filter(({ name }) => name in IN_PROCESSES))(
    "$name",
    { timeout: 240_000 },
    async (scenario) => {
      const topology = { networks: {}, nodes: { director: { host: 1, networks: [] } } };
      await withCluster(topology, async (cluster) => {
        const play = new Play(cluster.node("director"));
        await play.prepare(scenario);
        for (const [index, step] of scenario.steps.entries()) {
          const before = play.log().length;
          const outcome = await play.step(step);
          const right = wanted(scenario, index, step);
          const becomes = () => play.table().join("\n") === right.table!.join("\n");
          const where = `step ${index}, ${step.do} ${step.args ?? ""}`;
          // What must stay as it is gets the time in which the original would have changed it.
          if (becomes()) await elapse((step.settle ?? 2.6) * 1000);
          await until(where, becomes, { limitMs: 30_000, everyMs: 50 }).catch(() => undefined);
          await until(where, async () => matches(await play.seen(outcome), right)).catch(() => undefined);
          expect({ where, ...pick(await play.seen(outcome), right) }).toEqual({ where, ...right });
          // The original's parent does not know which real servers its children have taken out.
          if (!scenario.name.startsWith("fork-"))
            expect(play.log().slice(before)).toEqual(expect.arrayContaining([...told(step)]));
        }
      });
    },
  );
});

/** Lines that a command must leave in the log, and a daemon that it stopped; what is said at a start may be less. */
const told = ({ observed: { log = [] } }: Step): readonly string[] =>
  linesOf(log.join("\n"))
    .map(inPlace)
    .filter((line) =>
      /^(ldirectord |Exiting |Purged |Linux Director Daemon terminated|Reloading )/.test(line),
    )
    // The default log has these: the file that names another one was not read.
    .filter((line) => !line.includes("config_error"));

const pick = (seen: Seen, right: Partial<Seen>): Partial<Seen> =>
  Object.fromEntries(Object.entries(seen).filter(([key]) => key in right));
const matches = (seen: Seen, right: Partial<Seen>): boolean =>
  JSON.stringify(pick(seen, right)) === JSON.stringify(pick({ ...seen, ...right }, right));
