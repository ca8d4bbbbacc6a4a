/** What the session is fed, what it orders, what it tells. */
import type { IpAddress } from "@systole/wire";
import type { Expectation } from "../wire/expectation.js";
import type { BatchResult, CommitSummary } from "./commit.js";
import type { Passes } from "./filter.js";
import type { FlowBatch } from "./flow-batch.js";
import type { InjectAction } from "./injector.js";
import type { JobAction } from "./jobs.js";

export interface SessionOptions {
  /** FTFW acknowledges and repeats; NOTRACK sends once; ALARM tells everything again from time to time. */
  readonly mode: "ftfw" | "notrack" | "alarm";
  /** Off: DisableInternalCache. Only for NOTRACK. */
  readonly localCache: boolean;
  /** Off: DisableExternalCache, the peers' flows go straight into our kernel. */
  readonly peerCache: boolean;
  /** RefreshTime and CacheTimeout of ALARM. */
  readonly refreshSeconds: number;
  readonly cacheTimeoutSeconds: number;
  /** ExpectationSync: whether expectations of a helper are told; undefined: none are. */
  readonly expects: ((helper: string | undefined) => boolean) | undefined;
  /** How many links there are. */
  readonly links: number;
  /** Sequence of the first message: the Unix time in seconds. */
  readonly firstSequence: number;
  /** Largest datagram. */
  readonly capacityBytes: number;
  /**
   * Who may speak to us, each with the address under which he is known: a peer has one on every link. Undefined on a
   * multicast link: everybody there.
   */
  readonly allowed: ReadonlyMap<IpAddress, IpAddress> | undefined;
  readonly passes: Passes;
  /** ResendQueueSize. */
  readonly resendLimit: number;
  /** ACKWindowSize. */
  readonly ackWindow: number;
  /** HashLimit: most flows in each cache. */
  readonly cacheLimit: number;
  readonly commitTimeoutSeconds: number | undefined;
  readonly windowTracking: boolean;
  readonly purgeTimeoutSeconds: number;
}

/** A request of the control socket; `ticket` finds the one who waits. */
export type Command =
  | { readonly verb: "commit" | "activate"; readonly limitMs: number }
  | { readonly verb: "deactivate" | "request-resync" | "send-bulk" | "resync-kernel" | "flush-kernel" }
  | { readonly verb: "purge-later" }
  | { readonly verb: "flush"; readonly cache: "local" | "peer" | "both" };

export type SessionEvent =
  /** What our kernel told: BORN, CHANGED and ENDED, with OWN. */
  | { readonly type: "kernel"; readonly batch: FlowBatch }
  | {
      readonly type: "expectation";
      readonly kind: number;
      readonly own: boolean;
      readonly expectation: Expectation;
    }
  /** The kernel dropped events. */
  | { readonly type: "overrun" }
  /** The answer to `dump`, or a part of it: `more` of it follows, or its expectations are there. */
  | { readonly type: "dumped"; readonly batch: FlowBatch; readonly more: true }
  | { readonly type: "dumped"; readonly expectations: readonly Expectation[]; readonly more: false }
  | { readonly type: "dump-failed"; readonly problem: string }
  /** A part of the answer to `survey`; `batch-done` ends it. */
  | { readonly type: "surveyed"; readonly batch: FlowBatch }
  | { readonly type: "datagram"; readonly from: IpAddress; readonly bytes: Uint8Array }
  /** A link that has a beginning (TCP) began: what was sent before is lost. */
  | { readonly type: "connected" }
  /** The answer to `write`, `expect` and `survey`. */
  | { readonly type: "batch-done"; readonly result: BatchResult }
  /** The answer to `inject` and `inject-expectations`. */
  | { readonly type: "inject-done"; readonly result: BatchResult & { readonly removed: number } }
  /** The answer to `remove-all`. */
  | { readonly type: "removed-all"; readonly flows: number; readonly failed: number }
  | { readonly type: "command"; readonly ticket: number; readonly command: Command };

export type SessionAction =
  | { readonly type: "send"; readonly datagram: Uint8Array }
  | { readonly type: "dump" }
  /** Whether the kernel is to tell of flows that are born. */
  | { readonly type: "births"; readonly heard: boolean }
  | Extract<JobAction, { readonly type: "write" | "survey" | "expect" }>
  | InjectAction
  /** Reads our kernel's table and removes every flow that passes the filter: there is no cache to walk. */
  | { readonly type: "remove-all" }
  | { readonly type: "answer"; readonly ticket: number; readonly answer: Answer }
  | { readonly type: "report"; readonly report: Report };

export interface Answer {
  readonly done: boolean;
  /** Why not, or what else is to be said. */
  readonly note?: string;
  /** Of a commit. */
  readonly summary?: CommitSummary;
}

/** Of so many flows that were sampled, the peer has so few as they are; or nearly all again. */
interface Sampled<Kind extends string> {
  readonly kind: Kind;
  readonly peer: IpAddress;
  readonly asked: number;
  readonly equal: number;
  readonly missing: number;
}

/** Something that a log or a subscriber wants to know. */
export type Report =
  | { readonly kind: "peer-established"; readonly peer: IpAddress }
  | { readonly kind: "peer-lost"; readonly peer: IpAddress; readonly silentMs: number }
  | { readonly kind: "peer-restarted"; readonly peer: IpAddress }
  | { readonly kind: "stranger"; readonly from: IpAddress }
  | { readonly kind: "malformed"; readonly peer: IpAddress; readonly problem: string }
  | { readonly kind: "bulk-requested"; readonly peer: IpAddress }
  | { readonly kind: "bulk-queued"; readonly flows: number }
  | {
      readonly kind: "bulk-received";
      readonly peer: IpAddress;
      readonly flows: number;
      readonly swept: number;
    }
  | { readonly kind: "bulk-given-up"; readonly peer: IpAddress; readonly attempts: number }
  | Sampled<"coverage-low">
  | Sampled<"coverage-whole">
  | { readonly kind: "kernel-overrun" }
  /** `routine`: nobody asked for it, it was time. */
  | {
      readonly kind: "kernel-resynced";
      readonly flows: number;
      readonly ended: number;
      readonly routine: boolean;
    }
  | { readonly kind: "kernel-dump-failed"; readonly problem: string }
  | { readonly kind: "cache-full"; readonly cache: "local" | "peer"; readonly limit: number }
  | { readonly kind: "commit-finished"; readonly summary: CommitSummary }
  | { readonly kind: "purge-planned"; readonly seconds: number }
  | { readonly kind: "purged"; readonly flows: number; readonly failed: number };
