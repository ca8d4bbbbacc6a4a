/** The kernel's connection tracking: dump, listen, commit, flush. */
import type { Flow } from "@systole/node-netlink";

export type FlowEvent = { readonly kind: "new" | "update" | "destroy"; readonly flow: Flow };

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
  /** Removes one flow by its original tuple. @throws NetlinkError `ENOENT`. */
  remove(flow: Flow): Promise<void>;
  /** Removes all flows of both families. */
  flush(): Promise<void>;
}
