/** A whole post office in virtual time, with a spool on the disk: only the mail server is played. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type EventLog, eventLog } from "@systole/bus";
import { createMetrics, type Logger } from "@systole/daemon";
import { instant, type Millis, milliseconds } from "@systole/machine";
import { type FakeClock, fakeClock } from "@systole/machine/fake";
import { parseNotifierIni } from "../src/config/notifier-ini.js";
import type { Outcome } from "../src/shell/outcome.js";
import { openPostOffice, type PostOffice } from "../src/shell/post-office.js";
import { openSpool } from "../src/shell/spool.js";
import type { Channel, ClusterEvent, Fact, Letter, Severity } from "../src/types.js";

export const NOON = Date.UTC(2026, 10, 20, 12, 0, 0);

/** One letter that a recipient has in the end. */
export interface Arrival {
  readonly at: number;
  readonly to: readonly string[];
  readonly channel: Channel;
  readonly letter: Letter;
}

export interface Office {
  readonly arrivals: readonly Arrival[];
  readonly office: PostOffice;
  readonly clock: FakeClock;
  /** An event of another daemon of this node, now. */
  hear(daemon: string, severity: Severity, fact: Fact): ClusterEvent;
  /** Time passes; what was sent is answered. */
  pass(length: Millis): Promise<void>;
  /** The process is killed and started again after `length`; `kernelBoot` another one for a power failure. */
  restart(length: Millis, kernelBoot?: string): Promise<void>;
  subjects(to?: string): readonly string[];
  close(): void;
}

export interface OfficeOptions {
  readonly node?: string;
  readonly ini: string;
  /** Whether this director is a standby at that moment. */
  readonly isStandby?: () => boolean;
  /** What it says to another node's notifierd; nobody is there unless told otherwise. */
  readonly tell?: (peer: string, text: string) => Promise<unknown>;
  /** What the mail server answers; everything is taken unless told otherwise. */
  readonly answer?: (letter: Letter, to: readonly string[]) => Outcome;
}

const taken = (to: readonly string[]): Outcome => ({
  ...{ type: "answered", server: "mail", tls: false },
  answers: to.map((address) => ({ address, verdict: "delivered" as const, reply: "250 taken" })),
});

/** A log that nobody reads. */
const silent = { info() {}, warn() {}, error() {}, debug() {} } as unknown as Logger; // what the office uses of a Logger

export async function openOffice({
  node = "lb2",
  ini,
  answer,
  isStandby = () => false,
  tell = async (peer) => await Promise.reject(new Error(`no ${peer}`)),
}: OfficeOptions): Promise<Office> {
  const root = mkdtempSync(join(tmpdir(), "systole-office-"));
  const clock = fakeClock(instant(0));
  const arrivals: Arrival[] = [];
  const publishers = new Map<string, EventLog>();
  const { value: settings, diagnostics } = parseNotifierIni({ path: "notifier.ini", text: ini });
  if (settings === undefined) throw new Error(JSON.stringify(diagnostics));
  const wallClock = () => NOON + clock.now();
  let boots = 0;
  let office = open("kernel1");

  function open(kernelBoot: string): PostOffice {
    boots += 1;
    const life = boots;
    const parts = {
      ...{ node, clock, wallClock, kernelBoot, log: silent, random: () => 0.5, metrics: createMetrics() },
      events: eventLog({ boot: `own${life}`, node, daemon: "notifierd", wallClock, monotonicMs: () => 0 }),
      spool: openSpool(root),
      background: () => {},
      role: { changed() {}, isStandby },
      tell,
      deliver: async (letter: Letter, to: readonly string[]) => {
        if (life !== boots) return new Promise<Outcome>(() => {}); // that process is dead
        const outcome = answer?.(letter, to) ?? taken(to);
        const got =
          outcome.type === "answered" ? outcome.answers.filter(({ verdict }) => verdict === "delivered") : [];
        const channel = letter.channel ?? "mail";
        if (got.length > 0)
          arrivals.push({ at: clock.now(), to: got.map(({ address }) => address), channel, letter });
        return outcome;
      },
    };
    return openPostOffice(parts, settings!); // checked above
  }

  async function pass(length: Millis): Promise<void> {
    const step = Math.max(100, length / 1000);
    for (let left: number = length; left > 0; left -= step) {
      clock.advance(milliseconds(Math.min(step, left)));
      for (let turn = 0; turn < 6; turn++) await Promise.resolve();
    }
  }

  await pass(milliseconds(1));
  return {
    ...{ arrivals, clock, pass },
    get office() {
      return office;
    },
    hear(daemon, severity, fact) {
      const boot = `b${boots}`;
      const log =
        publishers.get(`${daemon} ${boot}`) ??
        eventLog({ boot, node, daemon, wallClock, monotonicMs: () => 0 });
      publishers.set(`${daemon} ${boot}`, log);
      const event = log.publish(severity, fact);
      office.take(event);
      return event;
    },
    async restart(length, kernelBoot = "kernel1") {
      boots += 1; // whatever the dead process was doing, nobody hears of it
      clock.stall(length);
      boots -= 1;
      office = open(kernelBoot);
      await pass(milliseconds(1));
    },
    subjects: (to) =>
      arrivals.filter((one) => to === undefined || one.to.includes(to)).map(({ letter }) => letter.subject),
    close: () => rmSync(root, { recursive: true }),
  };
}
