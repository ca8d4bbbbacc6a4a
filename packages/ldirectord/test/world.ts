/** A director in virtual time: the real core, performer and dialogues; a fake clock, kernel and servers. */
import { eventLog } from "@systole/bus";
import type { Logger } from "@systole/daemon";
import type { BalancerChange } from "@systole/kernel";
import { fakeKernel } from "@systole/kernel/fake";
import { drive, milliseconds } from "@systole/machine";
import { fakeClock } from "@systole/machine/fake";
import type { Outcome } from "../src/checks/dialogue.js";
import { createCheckRunner } from "../src/checks/runner.js";
import { parseLdirectordCf } from "../src/config/ldirectord-cf.js";
import { directorMachine, newDirector } from "../src/core/director.js";
import type {
  DirectorAction,
  DirectorEvent,
  DirectorState,
  Planned,
  Role,
} from "../src/core/director-state.js";
import type { Overrides } from "../src/core/override.js";
import { preview } from "../src/core/preview.js";
import { readOrder } from "../src/shell/operator-verb.js";
import { createPerformer } from "../src/shell/performer.js";
import { createReporter } from "../src/shell/reporter.js";
import { testSurroundings } from "./names.js";
import { virtualDoor } from "./virtual-connection.js";
import type { ServerSpec } from "./virtual-servers.js";

export interface World {
  readonly servers: Map<string, ServerSpec>;
  /** Addresses that answer echo requests. */
  readonly pingable: { answer: (address: string) => boolean };
  /** What an external check would say. */
  readonly external: { answer: (command: readonly string[], args: readonly string[]) => Outcome };
  /** Names of maintenance files that are there. */
  readonly files: Set<string>;
  readonly kernel: ReturnType<typeof fakeKernel>;
  readonly events: ReturnType<typeof eventLog>;
  /** Changes that the kernel carried out, in order. */
  readonly changes: BalancerChange[];
  /** How often the table was read. */
  readonly looks: { count: number };
  readonly log: string[];
  readonly commands: string[];
  /** What would have been written to disk of the orders of operators. */
  readonly kept: Overrides[];
  /** What was said to servers. */
  readonly spoken: (readonly [string, string])[];
  /** False if the configuration has errors: then nothing changes. */
  configure(text: string): boolean;
  feed(event: DirectorEvent): void;
  state(): DirectorState;
  advance(ms: number): Promise<void>;
  request(type: "activate" | "deactivate"): Promise<readonly string[]>;
  /** An order of an operator, with the arguments of the verb `server`. */
  operate(args: Readonly<Record<string, unknown>>): Promise<readonly string[]>;
  /** The first batch that this configuration would cause. */
  preview(text: string): readonly Planned[];
}

export function makeWorld(
  role: Role = "active",
  refuse?: (change: BalancerChange) => string | undefined,
  overrides?: Overrides,
): World {
  const clock = fakeClock();
  const changes: BalancerChange[] = [];
  const looks = { count: 0 };
  const kernel = fakeKernel({
    clock,
    trace: (act) => {
      if (act.type === "balance") changes.push(act.change);
      if (act.type === "read-table") looks.count += 1;
    },
    refuse: (act) => (act.type === "balance" ? refuse?.(act.change) : undefined),
  });
  const servers = new Map<string, ServerSpec>();
  const files = new Set<string>();
  const log: string[] = [];
  const commands: string[] = [];
  const kept: Overrides[] = [];
  const spoken: [string, string][] = [];
  const pingable = { answer: (_: string) => true };
  const external: World["external"] = { answer: () => ({ up: true, message: "" }) };
  const events = eventLog({
    boot: "test",
    node: "lb1",
    daemon: "ldirectord",
    wallClock: () => clock.now(),
    monotonicMs: () => 0,
  });
  const line = (_fields: object, text: string) => void log.push(text);
  // The parts under test write lines, and use no more of a logger than this.
  const logger = { debug: line, info: line, warn: line, error: line } as unknown as Logger;
  const runner = createCheckRunner(clock, {
    open: virtualDoor(clock, servers, (place, bytes) => spoken.push([place, bytes])),
    matcher: {
      search: async ({ kind, ...pattern }, texts) =>
        texts.some((text) =>
          "source" in pattern ? new RegExp(pattern.source).test(text) : text.includes(pattern.text),
        ),
      async close() {},
    },
    pinger: {
      ping(address, _tries, limit, finish) {
        const up = pingable.answer(address);
        const end = () => finish(up ? { up, message: "" } : { up, reason: "no answer" });
        return clock.at((clock.now() + (up ? 1 : limit)) as ReturnType<typeof clock.now>, end);
      },
      close() {},
    },
    external(command, args, _limit, _clock, finish) {
      clock.arrive(() => finish(external.answer(command, args)));
      return () => {};
    },
  });
  const performer = createPerformer(
    {
      ...{ clock, balancer: kernel.balancer, runner, log: logger },
      maintenance: {
        fileFor: ({ address, port }) => [`${address}:${port}`, `${address}`].find((name) => files.has(name)),
      },
      reporter: createReporter(logger, events, () => {}),
      fallbackCommands: {
        run: (service, verb) => void commands.push(`${verb} ${service.key}`),
        idle: async () => {},
      },
      checked() {},
      keepOverrides: (overrides) => void kept.push(overrides),
    },
    (event) => director.feed(event),
  );
  const director = drive<DirectorState, DirectorEvent, DirectorAction>(
    directorMachine,
    newDirector(role, overrides),
    clock,
    performer.perform,
  );

  async function advance(ms: number): Promise<void> {
    for (let passed = 0; passed < ms; passed += 10) {
      clock.advance(milliseconds(10));
      await new Promise(setImmediate); // promises of the fake kernel, which answer at once
    }
  }

  return {
    ...{
      servers,
      pingable,
      external,
      files,
      kernel,
      events,
      changes,
      looks,
      log,
      commands,
      kept,
      spoken,
      advance,
    },
    configure(text) {
      const { value } = parseLdirectordCf({ path: "ldirectord.cf", text }, testSurroundings);
      if (value !== undefined) director.feed({ type: "configure", config: value.director });
      return value !== undefined;
    },
    feed: (event) => director.feed(event),
    state: () => director.state(),
    async request(type) {
      const settled = performer.settle((number) => director.feed({ type, request: number }));
      await advance(50);
      return await settled;
    },
    async operate(args) {
      const moment = { now: clock.now(), wallMs: 1_000_000 + clock.now() };
      const { targets, override } = readOrder(args, director.state(), moment);
      const settled = performer.settle((request) =>
        director.feed({ type: "operate", targets, override, request }),
      );
      await advance(50);
      return await settled;
    },
    preview(text) {
      const { value } = parseLdirectordCf({ path: "ldirectord.cf", text }, testSurroundings);
      return preview(director.state(), value!.director, kernel.balancer.readNow(), clock.now());
    },
  };
}
