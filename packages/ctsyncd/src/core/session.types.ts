/** What the session is fed, what it orders, what it tells. */
import type { IpAddress } from "@systole/wire";
import type { Flow } from "../wire/flow.js";
import type { BatchResult, CommitSummary } from "./commit.js";
import type { Passes } from "./filter.js";
import type { FlowChange } from "./local-cache.js";

export interface SessionOptions {
  /** FTFW acknowledges and repeats; NOTRACK sends once. */
  readonly mode: "ftfw" | "notrack";
  /** Sequence of the first message: the Unix time in seconds. */
  readonly firstSequence: number;
  /** Largest datagram. */
  readonly capacityBytes: number;
  /** Who may speak to us; undefined on a multicast link: everybody there. */
  readonly allowed: ReadonlySet<IpAddress> | undefined;
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

export interface KernelFlowEvent {
  readonly kind: FlowChange;
  readonly flow: Flow;
  readonly own?: boolean;
}

/** A request of the control socket; `ticket` finds the one who waits. */
export type Command =
  | { readonly verb: "commit" | "activate"; readonly limitMs: number }
  | { readonly verb: "deactivate" | "request-resync" | "send-bulk" | "resync-kernel" | "flush-kernel" }
  | { readonly verb: "purge-later" }
  | { readonly verb: "flush"; readonly cache: "local" | "peer" | "both" };

export type SessionEvent =
  | { readonly type: "kernel"; readonly events: readonly KernelFlowEvent[] }
  /** The kernel dropped events. */
  | { readonly type: "overrun" }
  /** The answer to `dump`, or a part of it: `more` of it follows. */
  | { readonly type: "dumped"; readonly flows: readonly Flow[]; readonly more: boolean }
  | { readonly type: "dump-failed"; readonly problem: string }
  | { readonly type: "datagram"; readonly from: IpAddress; readonly bytes: Uint8Array }
  /** The answer to `write` and `remove`. */
  | { readonly type: "batch-done"; readonly result: BatchResult }
  | { readonly type: "command"; readonly ticket: number; readonly command: Command };

export type SessionAction =
  | { readonly type: "send"; readonly datagram: Uint8Array }
  | { readonly type: "dump" }
  | { readonly type: "write" | "remove"; readonly flows: readonly Flow[] }
  | { readonly type: "answer"; readonly ticket: number; readonly answer: Answer }
  | { readonly type: "report"; readonly report: Report };

export interface Answer {
  readonly done: boolean;
  /** Why not, or what else is to be said. */
  readonly note?: string;
  /** Of a commit. */
  readonly summary?: CommitSummary;
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
  | { readonly kind: "kernel-overrun" }
  | { readonly kind: "kernel-resynced"; readonly flows: number; readonly ended: number }
  | { readonly kind: "kernel-dump-failed"; readonly problem: string }
  | { readonly kind: "cache-full"; readonly cache: "local" | "peer"; readonly limit: number }
  | { readonly kind: "commit-finished"; readonly summary: CommitSummary }
  | { readonly kind: "purge-planned"; readonly seconds: number }
  | { readonly kind: "purged"; readonly flows: number; readonly failed: number };
