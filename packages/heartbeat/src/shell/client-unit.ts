/**
 * Programs of `respawn` and `failfast` as transient units: each as its user, which heartbeat in its sandbox cannot
 * become. Without a service manager they are our children.
 *
 * The unit tells its story through a FIFO: the number of the process before its program begins, and how it ended.
 */
import { existsSync, mkdirSync, rmSync } from "node:fs";
import { basename, join } from "node:path";
import { plus, seconds } from "@systole/machine";
import { readFifo } from "@systole/sys";
import type { ClientProgram } from "../config/ha-cf.types.js";
import { outputOf, runProgram } from "../resources/child-process.js";
import { type ForeignDependencies, unitName } from "../resources/foreign-program.js";
import { problemOf } from "../resources/resource.js";
import { pause } from "../resources/time-limit.js";
import { ask, unitDemand } from "../resources/transient-unit.js";
import { accountOf } from "./account-ids.js";
import type { ProgramEnd, RunningProgram } from "./client-programs.js";
import { startProgram } from "./start-program.js";

type Environment = Readonly<Record<string, string>>;
export type StartClient = (program: ClientProgram, environment: Environment) => RunningProgram;

/** Says who it is, then becomes the program. */
const BECOME = 'echo "is $$"; exec "$0" "$@" >/dev/null 2>&1';
/** Names and values: systemd.exec(5). */
const TELL_END = "ExecStopPost=/bin/echo ended $EXIT_CODE $EXIT_STATUS";
/** After SIGKILL, for the manager to tell us. */
const LAST_WORD_LIMIT = seconds(5);
/** A unit of a former heartbeat: its patience, and the manager's. */
const FORMER_LIMIT = seconds(30);

export function clientStarter(world: ForeignDependencies): StartClient {
  let count = 0;
  return (program, environment) => {
    if (!world.asUnits() || accountOf(program.user) === undefined) return startProgram(program, environment);
    count++;
    return new ClientUnit(program, environment, unitName(`client-${basename(program.path)}`, count), world);
  };
}

class ClientUnit implements RunningProgram {
  readonly unit: string;
  readonly ended: Promise<ProgramEnd>;
  readonly #program: ClientProgram;
  readonly #environment: Environment;
  readonly #world: ForeignDependencies;
  readonly #tellEnd: (end: ProgramEnd) => void;
  #pid: number | undefined;
  #mayStart = true;
  /** Where the manager did not start it. */
  #child: RunningProgram | undefined;

  constructor(program: ClientProgram, environment: Environment, unit: string, world: ForeignDependencies) {
    let tellEnd = (_: ProgramEnd) => {};
    const told = new Promise<ProgramEnd>((resolve) => {
      tellEnd = resolve;
    });
    this.#program = program;
    this.#environment = environment;
    this.#world = world;
    this.#tellEnd = tellEnd;
    this.unit = unit;
    this.ended = this.#live(told);
  }

  get pid(): number | undefined {
    return this.#child?.pid ?? this.#pid;
  }

  signal(name: "SIGTERM" | "SIGKILL"): void {
    this.#mayStart = false;
    if (this.#child !== undefined) return this.#child.signal(name);
    void this.#send(name);
  }

  async #live(told: Promise<ProgramEnd>): Promise<ProgramEnd> {
    const { pipes, refused } = this.#world;
    const fifo = join(pipes, `${this.unit}.out`);
    const story = outputOf((line) => this.#hear(line));
    let close = () => {};
    try {
      mkdirSync(pipes, { recursive: true, mode: 0o700 });
      await ask("mkfifo", ["-m", "600", fifo], { environment: this.#environment }, this.#world);
      close = readFifo(fifo, (bytes) => story.take(Buffer.from(bytes).toString("latin1"))).end;
      await this.#demand(fifo);
      return await told;
    } catch (error) {
      if (!this.#mayStart) return { status: undefined, signal: "SIGTERM" };
      refused(`client "${this.#program.path}"`, problemOf(error));
      this.#child = startProgram(this.#program, this.#environment);
      return await this.#child.ended;
    } finally {
      close();
      rmSync(fifo, { force: true });
    }
  }

  #demand(fifo: string): Promise<string> {
    const { user, path, args } = this.#program;
    const home = accountOf(user)?.home ?? "/";
    const call = {
      name: this.unit,
      what: `heartbeat: ${path}`,
      ...{ program: "/bin/sh", args: ["-c", BECOME, path, ...args] },
      environment: { ...this.#environment, HOME: home, USER: user },
    };
    const demand = unitDemand(call, "exec", [
      ...["CollectMode=inactive-or-failed", "TimeoutStopSec=10s", TELL_END],
      ...[`User=${user}`, `StandardOutput=file:${fifo}`],
    ]);
    return ask(demand.program, demand.args, demand, this.#world);
  }

  #hear(line: string): void {
    const [word, what = "", status = ""] = line.split(" ");
    if (word === "is") this.#pid = Number(what);
    if (word !== "ended") return;
    if (what === "exited") this.#tellEnd({ status: Number(status), signal: undefined });
    else this.#tellEnd({ status: undefined, signal: `SIG${status}` });
  }

  async #send(name: "SIGTERM" | "SIGKILL"): Promise<void> {
    const { clock } = this.#world;
    const environment = this.#environment;
    try {
      await ask("systemctl", ["kill", `--signal=${name}`, this.unit], { environment }, { clock });
    } catch {
      // it has ended meanwhile
    }
    if (name === "SIGTERM") return;
    await pause(clock, LAST_WORD_LIMIT);
    this.#tellEnd({ status: undefined, signal: name });
  }
}

export interface FormerUnits extends Pick<ForeignDependencies, "clock" | "pipes"> {
  readonly environment: Environment;
}

/**
 * Units of a former heartbeat. Answers when the manager knows, not when they have ended. Their last words are read
 * here: the manager cannot write them while nobody does, and gives up on such a unit only after its limit.
 */
export async function endUnits(units: readonly string[], world: FormerUnits): Promise<void> {
  if (units.length === 0) return;
  for (const unit of units) hearOut(unit, world);
  const { clock, environment } = world;
  const call = { program: "systemctl", args: ["stop", "--no-block", ...units], environment };
  await runProgram(call, AbortSignal.timeout(20_000), { clock, printed: () => {} });
}

function hearOut(unit: string, { clock, pipes }: FormerUnits): void {
  const fifo = join(pipes, `${unit}.out`);
  if (!existsSync(fifo)) return;
  const heard = outputOf((line) => void (line.startsWith("ended ") && Promise.resolve().then(done)));
  const reader = readFifo(fifo, (bytes) => heard.take(Buffer.from(bytes).toString("latin1")));
  const callOff = clock.at(plus(clock.now(), FORMER_LIMIT), done);
  function done(): void {
    callOff();
    reader.end();
    rmSync(fifo, { force: true });
  }
}
