/**
 * What changes our kernel's table: a commit at takeover, a purge after a time as the active director. One at a time.
 *
 * A commit is urgent: it ends a running purge and lets everybody who asked wait for the same result. Who asked is
 * answered when it is finished, or when his limit in time is over, whichever comes first; it goes on in that case.
 */
import { earliest, type Instant, milliseconds, plus } from "@systole/machine";
import type { Flow } from "../wire/flow.js";
import { type BatchResult, Commit, type CommitOptions, type CommitSummary } from "./commit.js";
import type { LocalCache } from "./local-cache.js";
import type { PeerCache } from "./peer-cache.js";
import { Purge } from "./purge.js";

interface Waiting {
  readonly ticket: number;
  readonly until: Instant;
}

/** What follows from one step of a job. */
export type JobAction =
  | { readonly type: "write" | "remove"; readonly flows: readonly Flow[] }
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

  get committing(): boolean {
    return this.#commit !== undefined;
  }
  get deadline(): Instant | undefined {
    return earliest(this.#waiting.map(({ until }) => until));
  }

  /** Begins a commit, or joins the one that runs. */
  commit(
    caches: readonly PeerCache[],
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
    this.#commit = new Commit(caches, options, now);
    return this.#outstanding ? [] : this.#advance(now, second);
  }

  /** Begins a purge unless something runs already. */
  purge(cache: LocalCache, now: Instant, second: number): readonly JobAction[] {
    if (this.#commit !== undefined || this.#purge !== undefined || this.#outstanding) return [];
    this.#purge = new Purge(cache);
    return this.#advance(now, second);
  }

  /** The kernel answered to a batch. */
  answered(result: BatchResult, now: Instant, second: number): readonly JobAction[] {
    this.#outstanding = false;
    if (this.#orphaned) this.#orphaned = false;
    else if (this.#commit !== undefined) this.#commit.answered(result);
    else this.#purge?.answered(result.written, result.failed);
    return this.#advance(now, second);
  }

  /** A peer destroyed a flow of its own. */
  destroyed(cache: PeerCache, id: number, flow: Flow): void {
    this.#commit?.destroyed(cache, id, flow);
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
      if (step.type !== "finished") return this.#order(step.type, step.flows);
      this.#commit = undefined;
      const tickets = this.#waiting.map(({ ticket }) => ticket);
      this.#waiting = [];
      return [{ type: "committed", summary: step.summary, tickets }];
    }
    if (this.#purge === undefined) return [];
    const flows = this.#purge.next();
    if (flows.length > 0) return this.#order("remove", flows);
    const { result } = this.#purge;
    this.#purge = undefined;
    return [{ type: "purged", ...result }];
  }

  #order(type: "write" | "remove", flows: readonly Flow[]): readonly JobAction[] {
    this.#outstanding = true;
    return [{ type, flows }];
  }
}
