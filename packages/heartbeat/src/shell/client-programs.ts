/**
 * Programs that heartbeat keeps running while communication is up: `respawn` and `failfast` of ha.cf.
 *
 *   off --begin--> running --ended--> running again, a second later
 *                     |        '-- exit status 100, or more than 10 short lives in a row --> given up
 *                     |        '-- failfast: a signal or another exit status than 0 --> the machine is rebooted
 *                     '--end--> off: the last one first, SIGTERM, SIGKILL after a while
 *
 * Source: specification of heartbeat, 2.2 and 7.9.
 */
import { between, type Clock, type Instant, plus, seconds } from "@systole/machine";
import type { ClientProgram } from "../config/ha-cf.types.js";

export interface ProgramEnd {
  readonly status: number | undefined;
  readonly signal: string | undefined;
}

export interface RunningProgram {
  /** Undefined until it is known. */
  readonly pid: number | undefined;
  /** The transient unit that it is, if it is one. */
  readonly unit?: string;
  /** Never rejects: a program that cannot be started ends with status 127. */
  readonly ended: Promise<ProgramEnd>;
  signal(name: "SIGTERM" | "SIGKILL"): void;
}

export interface ClientProgramsDependencies {
  readonly clock: Clock;
  readonly start: (program: ClientProgram) => RunningProgram;
  readonly info: (line: string) => void;
  readonly warn: (line: string) => void;
  readonly error: (line: string) => void;
  /** The last resort of `failfast`. */
  readonly reboot: (why: string) => void;
}

export interface ClientPrograms {
  /** Exactly these shall run, once `begin` was called. */
  use(programs: readonly ClientProgram[]): Promise<void>;
  /** Communication is up. Again does no harm. */
  begin(): void;
  /** All of them, the last one first. */
  end(): Promise<void>;
  /** Those that run now. */
  running(): readonly RunningProgram[];
}

/** Says "do not start me again". */
const NO_RESPAWN = 100;
/** Before each start but the first. */
const PAUSE = seconds(1);
const SHORT_LIFE = seconds(30);
const MOST_SHORT_LIVES = 10;
const TERM_LIMIT = seconds(10);

export const createClientPrograms = (dependencies: ClientProgramsDependencies): ClientPrograms =>
  new Keeper(dependencies);

interface Kept {
  readonly program: ClientProgram;
  running: RunningProgram | undefined;
  shortLives: number;
  /** Of the start that is waited for. */
  callOff: () => void;
  wanted: boolean;
}

class Keeper implements ClientPrograms {
  readonly #world: ClientProgramsDependencies;
  readonly #kept = new Map<string, Kept>();
  #begun = false;

  constructor(world: ClientProgramsDependencies) {
    this.#world = world;
  }

  async use(programs: readonly ClientProgram[]): Promise<void> {
    const wanted = new Map(programs.map((program) => [keyOf(program), program]));
    const gone = [...this.#kept].filter(([key]) => !wanted.has(key)).toReversed();
    for (const [key, kept] of gone) {
      this.#kept.delete(key);
      await this.#stop(kept);
    }
    for (const [key, program] of wanted) {
      if (this.#kept.has(key)) continue;
      const kept: Kept = { program, running: undefined, shortLives: 0, callOff: () => {}, wanted: true };
      this.#kept.set(key, kept);
      if (this.#begun) this.#start(kept);
    }
  }

  begin(): void {
    if (this.#begun) return;
    this.#begun = true;
    for (const kept of this.#kept.values()) this.#start(kept);
  }

  async end(): Promise<void> {
    this.#begun = false;
    for (const kept of [...this.#kept.values()].toReversed()) await this.#stop(kept);
    this.#kept.clear();
  }

  running(): readonly RunningProgram[] {
    return [...this.#kept.values()].flatMap(({ running }) => running ?? []);
  }

  #start(kept: Kept): void {
    const { clock, start, info } = this.#world;
    info(`Starting child client "${commandOf(kept.program)}" (${kept.program.user})`);
    const since = clock.now();
    const running = start(kept.program);
    kept.running = running;
    void running.ended.then((end) => this.#ended(kept, running.pid, end, since));
  }

  #ended(kept: Kept, pid: number | undefined, end: ProgramEnd, since: Instant): void {
    const { clock, info, warn, error, reboot } = this.#world;
    kept.running = undefined;
    if (!kept.wanted) return;
    const command = commandOf(kept.program);
    const how =
      end.signal === undefined ? `exited with return code ${end.status}` : `killed by ${end.signal}`;
    warn(`Managed ${command} process ${pid ?? 0} ${how}.`);
    if (end.status === NO_RESPAWN) return info(`client "${command}" is not started again`);
    if (kept.program.failfast && end.status !== 0) return reboot(`failfast client "${command}" ${how}`);
    kept.shortLives = between(since, clock.now()) < SHORT_LIFE ? kept.shortLives + 1 : 0;
    if (kept.shortLives > MOST_SHORT_LIVES) return error(`Client "${command}" respawning too fast: given up`);
    error(`Respawning client "${command}":`);
    kept.callOff = clock.at(plus(clock.now(), PAUSE), () => this.#start(kept));
  }

  async #stop(kept: Kept): Promise<void> {
    const { clock } = this.#world;
    const { running } = kept;
    kept.wanted = false;
    kept.callOff();
    if (running === undefined) return;
    running.signal("SIGTERM");
    const callOff = clock.at(plus(clock.now(), TERM_LIMIT), () => running.signal("SIGKILL"));
    await running.ended;
    callOff();
  }
}

const keyOf = ({ user, path, args, failfast }: ClientProgram): string =>
  JSON.stringify({ user, path, args, failfast });
const commandOf = ({ path, args }: ClientProgram): string => [path, ...args].join(" ");
