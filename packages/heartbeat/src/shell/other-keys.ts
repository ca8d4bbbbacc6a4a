/**
 * Datagrams that failed authentication, as "somebody speaks in the name of this peer", for core/other-key.ts.
 *
 * No more than two such events for each peer and keepalive: a real one sends one, and a flood must not keep the core
 * busy.
 */
import { type Clock, type Instant, type Millis, milliseconds, plus } from "@systole/machine";
import type { CoreEvent } from "../core/event.js";
import { claimedSender } from "../wire/claimed-sender.js";
import type { Envelope } from "../wire/datagram.js";

export interface OtherKeysDependencies {
  readonly clock: Clock;
  readonly local: string;
  /** Of the present configuration: a reload may change them. */
  readonly settings: () => { readonly nodes: readonly string[]; readonly keepalive: Millis };
  readonly feed: (event: Extract<CoreEvent, { type: "other-key" }>) => void;
}

export interface OtherKeys {
  /** This datagram failed authentication. */
  unauthentic(envelope: Envelope, medium: string): void;
}

export function createOtherKeys({ clock, local, settings, feed }: OtherKeysDependencies): OtherKeys {
  /** Not looked for before. */
  const again = new Map<string, Instant>();
  return {
    unauthentic(envelope, medium) {
      const { nodes, keepalive } = settings();
      const now = clock.now();
      const wanted = nodes.filter((node) => node !== local && now >= (again.get(node) ?? now));
      const node = claimedSender(envelope, wanted);
      if (node === undefined) return;
      again.set(node, plus(now, milliseconds(keepalive / 2)));
      feed({ type: "other-key", node, medium });
    },
  };
}
