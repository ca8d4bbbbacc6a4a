/** The kernel's connection tracking: dump, listen, commit, flush. */
import type { Flow } from "@systole/node-netlink";

export interface FlowEvent {
  readonly kind: "new" | "update" | "destroy";
  readonly flow: Flow;
  /**
   * True if a `commit`, `remove` or `flush` of this very Conntrack caused it (the port id in the event is that of its
   * request socket): ctsyncd keeps such a flow but does not tell the peer what came from the peer.
   */
  readonly own?: boolean;
}

export interface CommitResult {
  readonly written: number;
  /** Already there and equal or updated in place. */
  readonly updated: number;
  readonly failed: number;
  readonly firstError: Error | undefined;
}

export interface Conntrack {
  /** Every flow of this network namespace at this moment. */
  dump(): Promise<readonly Flow[]>;
  /**
   * Listens to flows that are born, change and end. `overrun` means the kernel dropped events: dump again.
   * Returns how to stop.
   */
  watch(listener: (event: FlowEvent) => void, overrun: () => void): () => void;
  /** Writes flows: creates what is missing, updates what differs. One that fails does not stop the others. */
  commit(flows: readonly Flow[]): Promise<CommitResult>;
  /** Removes one flow by its original tuple. @throws KernelError `ENOENT`. */
  remove(flow: Flow): Promise<void>;
  /** Removes all flows of both families. */
  flush(): Promise<void>;
}
