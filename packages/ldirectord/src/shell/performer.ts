/** Carries out what the director decides: checks, table, commands. Holds no policy. */

import type { Logger } from "@systole/daemon";
import type { Balancer } from "@systole/kernel";
import { type Clock, type Instant, milliseconds, plus } from "@systole/machine";
import type { CheckRunner } from "../checks/runner.js";
import type { CheckResult } from "../core/configured.js";
import type { DirectorAction, DirectorEvent } from "../core/director-state.js";
import type { Overrides } from "../core/override.js";
import type { FallbackCommands } from "./fallback-command.js";
import type { Maintenance } from "./maintenance.js";
import type { Reporter } from "./reporter.js";

/**
 * From one look at the table to the next, at least: what changes meanwhile is one batch. A look reads the whole table,
 * and the first verdicts of a thousand real servers within a second were a thousand looks and most of a start's work.
 */
const BETWEEN_LOOKS = milliseconds(20);

export interface PerformerParts {
  readonly clock: Clock;
  readonly balancer: Balancer;
  readonly runner: CheckRunner;
  readonly maintenance: Pick<Maintenance, "fileFor">;
  readonly reporter: Reporter;
  readonly fallbackCommands: FallbackCommands;
  readonly log: Logger;
  readonly keepOverrides: (overrides: Overrides) => void;
  /** Hears of every check that was finished. */
  readonly checked: (check: string, result: CheckResult) => void;
}

export interface Performer {
  perform(action: DirectorAction): void;
  /** Feeds a request with a number of its own and waits for its end: what was refused, in words. */
  settle(feedWith: (request: number) => void): Promise<readonly string[]>;
  /** Calls off every check. */
  close(): void;
}

export function createPerformer(parts: PerformerParts, feed: (event: DirectorEvent) => void): Performer {
  const { clock, balancer, runner, maintenance, reporter, fallbackCommands, log } = parts;
  const running = new Map<string, () => void>();
  const waiting = new Map<number, (problems: readonly string[]) => void>();
  let requests = 0;
  let nextLook: Instant | undefined;

  function startCheck({ check, spec, config }: Extract<DirectorAction, { type: "start-check" }>): void {
    const finish = (result: CheckResult) => {
      running.delete(check);
      parts.checked(check, result);
      feed({ type: "checked", check, result });
    };
    const file = config.maintenance && maintenance.fileFor(config.maintenance);
    if (file !== undefined) {
      finish({ up: false, reason: `out of service by ${file}`, tookMs: 0, maintenance: true });
      return;
    }
    let finished = false;
    const callOff = runner.run(spec, (result) => {
      finished = true;
      finish(result);
    });
    if (!finished) running.set(check, callOff);
  }

  function look(): void {
    if (nextLook !== undefined && nextLook > clock.now()) clock.at(nextLook, () => void readTable());
    else void readTable();
  }

  async function readTable(): Promise<void> {
    nextLook = plus(clock.now(), BETWEEN_LOOKS);
    try {
      feed({ type: "table", table: await balancer.read({ counters: false }) });
    } catch (error) {
      feed({ type: "table-unreadable", problem: textOf(error) });
    }
  }

  async function apply({ changes }: Extract<DirectorAction, { type: "apply" }>): Promise<void> {
    try {
      const results = await balancer.apply(changes);
      feed({ type: "applied", problems: results.map(({ error }) => error && textOf(error)) });
    } catch (error) {
      feed({ type: "applied", problems: changes.map(() => textOf(error)) });
    }
  }

  return {
    perform(action) {
      switch (action.type) {
        case "start-check":
          return startCheck(action);
        case "forget-check":
          running.get(action.check)?.();
          running.delete(action.check);
          return;
        case "read-table":
          return look();
        case "apply":
          log.debug({ event: "table.apply", changes: action.changes.length }, "applying changes");
          return void apply(action);
        case "fallback-command":
          return fallbackCommands.run(action.service, action.verb);
        case "settled":
          waiting.get(action.request)?.(action.problems);
          waiting.delete(action.request);
          return;
        case "keep-overrides":
          return parts.keepOverrides(action.overrides);
        case "report":
          return reporter.report(action.report);
        case "publish":
          return reporter.publish(action.report);
      }
    },
    settle(feedWith) {
      requests += 1;
      const request = requests;
      const settled = new Promise<readonly string[]>((resolve) => waiting.set(request, resolve));
      feedWith(request);
      return settled;
    },
    close() {
      for (const callOff of running.values()) callOff();
      running.clear();
    },
  };
}

const textOf = (error: unknown): string => (error instanceof Error ? error.message : String(error));
