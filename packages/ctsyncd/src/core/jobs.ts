/**
 * What changes our kernel's table: a commit at takeover, a purge after a time as the active director. One at a time.
 *
 * A commit is urgent: it ends a running purge and lets everybody who asked wait for the same result. Who asked is
 * answered when it is finished, or when his limit in time is over, whichever comes first; it goes on in that case.
 */
import { earliest, type Instant, milliseconds, plus } from "@systole/machine";
import {
  type BatchResult,
  Commit,
  type CommitOptions,
  type CommitSource,
  type CommitStep,
  type CommitSummary,
} from "./commit.js";
import type { FlowBatch } from "./flow-batch.js";
import type { LocalCache } from "./local-cache.js";
import type { PeerCache } from "./peer-cache.js";
import { Purge } from "./purge.js";

interface Waiting {
  readonly ticket: number;
  readonly until: Instant;
}

/** What follows from one step of a job. */
export type JobAction =
  | Exclude<CommitStep, { readonly type: "finished" }>
  | { readonly type: "committed"; readonly summary: CommitSummary; readonly tickets: readonly number[] }
  | { readonly type: "late"; readonly tickets: readonly number[] }
  | { readonly type: "purged"; readonly flows: number; readonly failed: number };

export class Jobs {
  #commit: Commit | undefined;
  #purge: Purge | undefined;
  /** The kernel has not answered to the last batch yet. */
  #outstanding = false;
  /** That batch belongs to a purge that was ended. */
  #orphaned = false;
  #waiting: Waiting[] = [];
  #commits = 0;

  get committing(): boolean {
    return this.#commit !== undefined;
  }
  get deadline(): Instant | undefined {
    return earliest(this.#waiting.map(({ until }) => until));
  }

  /** Begins a commit, or joins the one that runs. */
  commit(
    sources: readonly CommitSource[],
    options: CommitOptions,
    wanted: { readonly ticket: number; readonly limitMs: number },
    now: Instant,
    second: number,
  ): readonly JobAction[] {
    this.#waiting.push({ ticket: wanted.ticket, until: plus(now, milliseconds(wanted.limitMs)) });
    if (this.#commit !== undefined) return [];
    if (this.#purge !== undefined) {
      this.#purge = undefined;
      this.#orphaned = this.#outstanding;
    }
    this.#commits += 1;
    this.#commit = new Commit(sources, options, now, this.#commits);
    return this.#outstanding ? [] : this.#advance(now, second);
  }

  /** Begins a purge unless something runs already. */
  purge(cache: LocalCache, now: Instant, second: number): readonly JobAction[] {
    if (this.#commit !== undefined || this.#purge !== undefined || this.#outstanding) return [];
    this.#purge = new Purge(cache);
    return this.#advance(now, second);
  }

  /** A part of our kernel's table, for the commit. */
  surveyed(batch: FlowBatch): void {
    if (!this.#orphaned) this.#commit?.surveyed(batch);
  }

  /** The kernel answered to a batch, or its table was surveyed. */
  answered(result: BatchResult, now: Instant, second: number): readonly JobAction[] {
    this.#outstanding = false;
    if (this.#orphaned) this.#orphaned = false;
    else if (this.#commit !== undefined) this.#commit.answered(result);
    else this.#purge?.answered(result.written, result.failed);
    return this.#advance(now, second);
  }

  /** A peer destroyed a flow of its own. */
  destroyed(cache: PeerCache, id: number): void {
    this.#commit?.destroyed(cache, id);
  }

  /** Time passed: who has waited long enough is told so. */
  tick(now: Instant): readonly JobAction[] {
    const late = this.#waiting.filter(({ until }) => until <= now);
    if (late.length === 0) return [];
    this.#waiting = this.#waiting.filter(({ until }) => until > now);
    return [{ type: "late", tickets: late.map(({ ticket }) => ticket) }];
  }

  #advance(now: Instant, second: number): readonly JobAction[] {
    if (this.#commit !== undefined) {
      const step = this.#commit.next(now, second);
      if (step.type !== "finished") return this.#order(step);
      this.#commit = undefined;
      const tickets = this.#waiting.map(({ ticket }) => ticket);
      this.#waiting = [];
      return [{ type: "committed", summary: step.summary, tickets }];
    }
    if (this.#purge === undefined) return [];
    const batch = this.#purge.next();
    if (batch.count > 0) return this.#order({ type: "write", batch });
    const { result } = this.#purge;
    this.#purge = undefined;
    return [{ type: "purged", ...result }];
  }

  #order(step: Exclude<CommitStep, { readonly type: "finished" }>): readonly JobAction[] {
    this.#outstanding = true;
    return [step];
  }
}
