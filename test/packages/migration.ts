/**
 * A pair of directors as Ultra Monkey taught it: heartbeat 3.0.6 and ldirectord of Debian 12. Then, one after the other, our
 * packages in their place, as docs/migrating-from-ultramonkey.md says, while a client asks. The caller asserts.
 */
import { readFileSync } from "node:fs";
import { isDeepStrictEqual } from "node:util";
import type { Machine } from "../lab/machine.js";
import { slowness, until } from "../lab/until.js";
import type { Answers, Client } from "./client.js";
import { debs } from "./debs.js";
import { MachinePair, VIP } from "./pair.js";

export interface Form {
  /** The kernel has ip_vs: ldirectord is a resource, real servers answer. Else the directors serve the VIP themselves. */
  readonly ipvs: boolean;
}

const INSTALL_LIMIT_MS = 300_000 * slowness;
/** A look starts programs, and in the guest the daemons have to wait for those. */
const LOOK_EVERY_MS = 500 * Math.min(slowness, 10);

/** Files of a director, and what an administrator of the originals has in them. */
const files = ({ ipvs }: Form): Readonly<Record<string, string>> => ({
  "/etc/ha.d/ha.cf": `# Ultra Monkey
logfile /var/log/ha-log
logfacility local0
keepalive 1
warntime 10
deadtime 30
initdead 60
udpport 694
bcast hb1
bcast lan
auto_failback off
node director1
node director2
`,
  "/etc/ha.d/haresources": `director1 ${ipvs ? "ldirectord::ldirectord.cf IPaddr2::10.0.2.254/24/lan " : ""}IPaddr2::${VIP}/24/pub\n`,
  "/etc/ha.d/authkeys": "auth 1\n1 sha1 ultramonkey\n",
  "/etc/ha.d/ldirectord.cf": readFileSync("test/demo/ha.d/ldirectord.cf", "utf8")
    .replace(/^checktimeout=.*/m, `checktimeout=${2 * slowness}`)
    .replace(/^checkinterval=.*/m, `checkinterval=${Math.min(slowness, 3)}`),
});

/** What `ipvsadm -Sn` prints of it, sorted. */
const TABLE = [
  `-A -t ${VIP}:80 -s wrr`,
  `-a -t ${VIP}:80 -r 10.0.2.11:80 -m -w 1`,
  `-a -t ${VIP}:80 -r 10.0.2.12:80 -m -w 2`,
].join("\n");

/** The packages that take the place of the originals. */
export const OURS = "/packages/systole-{common,runtime,heartbeat,ldirectord}_0*.deb";

export class Migration {
  readonly pair: MachinePair;
  readonly #form: Form;
  #client: Client | undefined;

  private constructor(pair: MachinePair, form: Form) {
    this.pair = pair;
    this.#form = form;
  }

  /** Two directors with the originals, configured and running, the first one active, and a client that is served. */
  static async begin(form: Form, say: (what: string) => void): Promise<Migration> {
    const pair = await MachinePair.boot("ultramonkey", form.ipvs ? ["ldirectord"] : []); // heartbeat starts it
    const migration = new Migration(pair, form);
    say("two machines have booted");
    const { old, runtime } = debs();
    for (const machine of pair.machines) {
      machine.bring([...old, ...runtime]);
      for (const [file, text] of Object.entries(files(form)))
        machine.put(file, text, file.endsWith("authkeys") ? 0o600 : 0o644);
    }
    await pair.startWeb(form.ipvs ? ["real1", "real2"] : ["director1", "director2"]);
    await Promise.all(pair.machines.map((machine) => machine.sh("systemctl start heartbeat")));
    await until("the first director to have the VIP", () => pair.machines[0].node.holds(VIP), {
      limitMs: 150_000,
    });
    say("the first director has the VIP");
    migration.#client = await pair.client();
    await migration.#client.answered();
    await migration.balancing(pair.machines[0]);
    say("the client is served");
    return migration;
  }

  /** What the client saw while it was done. */
  watching(deed: () => Promise<unknown>): Promise<Answers> {
    if (this.#client === undefined) throw new Error("there is no client yet");
    return this.#client.during(deed);
  }

  /** The files of an administrator as they are now. */
  filesOf(machine: Machine): Readonly<Record<string, string>> {
    return Object.fromEntries(Object.keys(files(this.#form)).map((file) => [file, machine.read(file)]));
  }

  /** Our packages in the place of the originals, and until both nodes see each other again. */
  async replace(machine: Machine): Promise<void> {
    await machine.sh(`apt-get -q -y install ${OURS}`, { timeoutMs: INSTALL_LIMIT_MS });
    await this.#seen(machine);
  }

  /** The originals again in the place of ours. */
  async putBack(machine: Machine): Promise<void> {
    const options = "-q -y -o Dpkg::Options::=--force-confold";
    const install = `apt-get ${options} install /originals/*.deb && systemctl start heartbeat`;
    await machine.sh(install, { timeoutMs: INSTALL_LIMIT_MS });
    await this.#seen(machine);
  }

  /**
   * Until the active director has the whole table of ip_vs and the other none, where there is ip_vs.
   *
   * @returns `ipvsadm -Ln` of the active one.
   */
  async balancing(active: Machine): Promise<string> {
    if (!this.#form.ipvs) return "";
    const wanted = this.pair.machines.map((machine) => (machine === active ? TABLE : ""));
    let seen: readonly string[] = [];
    const asWanted = async () => {
      seen = await Promise.all(this.pair.machines.map(tableOf));
      return isDeepStrictEqual(seen, wanted);
    };
    try {
      await until("the tables", asWanted, { limitMs: 30_000, everyMs: LOOK_EVERY_MS });
    } catch (cause) {
      throw new Error(`tables of the two directors:\n${seen.join("\n--\n")}`, { cause });
    }
    return active.says("ipvsadm -Ln | tail -n +2");
  }

  /** A planned move, asked for on the director that is active. */
  async move(from: Machine): Promise<void> {
    const to = this.pair.machines.find((machine) => machine !== from)!; // there are two
    await machineTool(from, "hb_standby");
    await until("the move", () => to.node.holds(VIP) && !from.node.holds(VIP), {
      limitMs: 120_000,
    });
  }

  async #seen(machine: Machine): Promise<void> {
    const sees = async (one: Machine, other: Machine) =>
      (await one.says(`cl_status nodestatus ${other.node.name}`)) === "active";
    const other = this.pair.machines.find((each) => each !== machine)!; // there are two
    const both = async () => (await sees(machine, other)) && (await sees(other, machine));
    await until("both to see each other", both, { limitMs: 150_000, everyMs: LOOK_EVERY_MS });
    const settled = async () => (await machine.says("cl_status rscstatus")) !== "transition";
    await until("the end of the transition", settled, {
      limitMs: 150_000,
      everyMs: LOOK_EVERY_MS,
    });
  }

  async close(): Promise<void> {
    await this.#client?.stop();
    await this.pair.close();
  }
}

const tableOf = async (machine: Machine) =>
  (await machine.says("ipvsadm -Sn"))
    .split("\n")
    .map((line) => line.trim())
    .toSorted()
    .join("\n");

const machineTool = (machine: Machine, tool: string) => machine.run([`/usr/share/heartbeat/${tool}`]);
