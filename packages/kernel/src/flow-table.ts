/**
 * The kernel's connection tracking for whoever has a hundred thousand events in a second to keep: netlink messages as
 * they lie in the receive buffer, requests in batches. `Conntrack` is the convenient door; this is the fast one.
 */
import type { Expectation, RequestBatch } from "@systole/node-netlink";

/** NEW 0, UPDATE 1, DESTROY 2. */
export const FLOW_NEW = 0;
export const FLOW_UPDATE = 1;
export const FLOW_DESTROY = 2;

export interface FlowListener {
  /**
   * One event about a flow: its payload (nfgenmsg and attributes) lies in `bytes` from `from` to `to`, valid only
   * during the call. `own`: a request of this very table caused it.
   */
  flow(kind: number, own: boolean, bytes: Uint8Array, from: number, to: number): void;
  /** One event about an expectation. */
  expectation(kind: number, own: boolean, expectation: Expectation): void;
  /** After the last event of each wake-up. */
  settled(): void;
  /** The kernel dropped events: dump again. */
  overrun(): void;
}

export interface FlowTable {
  /** Listens to flows, and to expectations if it was opened for them. @returns how to stop. */
  watch(listener: FlowListener): () => void;
  /**
   * Whether births are listened to; they are until told otherwise. While nobody on this machine listens to them the
   * kernel does not even put them into words, which is half the price of a flow that is written.
   */
  hearBirths(heard: boolean): void;
  /**
   * Hands out every flow of this network namespace as the kernel's bytes, valid only during the call, and calls `part`
   * behind some of them. One may come twice or be missed while flows come and go.
   *
   * @throws NetlinkError
   */
  dump(flow: (bytes: Uint8Array, from: number, to: number) => void, part: () => void): Promise<void>;
  /** @throws NetlinkError */
  dumpExpectations(): Promise<readonly Expectation[]>;
  /** Adds expectations. One outcome for each: undefined, or why not. */
  expect(expectations: readonly Expectation[]): Promise<readonly (Error | undefined)[]>;
  /** Requests on flows, carried out before it returns: 0 or an errno for each. */
  send(batch: RequestBatch): Int32Array;
  close(): void;
}

export interface FlowTableOptions {
  /** Receive buffer of `watch`; 16 MiB without it, which holds about 40,000 events. */
  readonly eventBufferBytes?: number;
  /** Events about expectations, too. */
  readonly expectations?: boolean;
  /** NetlinkEventsReliable: the kernel waits for us instead of dropping destroy events. */
  readonly reliable?: boolean;
  /** Events of other IP protocols than these, or of these (`accepts` false), stay in the kernel. */
  readonly protocols?: { readonly accepts: boolean; readonly numbers: ReadonlySet<number> };
  /**
   * Puts `resume` off for a moment: events that come meanwhile wait in the receive buffer and cost one wake-up
   * together. Without it every event may wake us.
   */
  readonly pause?: (resume: () => void) => void;
}
