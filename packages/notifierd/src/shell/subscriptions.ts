/** The other daemons' events, from where we stopped: the cursors are kept in the spool. */
import { type Cursor, START } from "@systole/bus";
import { controlPath, type Logger, subscribe } from "@systole/daemon";
import type { Clock } from "@systole/machine";
import * as lines from "../log-lines.js";
import type { ClusterEvent } from "../types.js";
import type { AuditTrail } from "./audit.js";
import type { PostOffice } from "./post-office.js";
import type { Spool } from "./spool.js";

/** Without a cursor: what is older than this happened before anybody asked us to watch. */
const OLD_MS = 10 * 60_000;

export interface SubscriptionsParts {
  readonly clock: Clock;
  readonly wallClock: () => number;
  readonly log: Logger;
  readonly spool: Spool;
  readonly office: PostOffice;
  readonly runRoot: string;
  readonly audit?: AuditTrail;
}

export interface SourceState {
  readonly live: boolean;
  readonly cursor: Cursor;
}

export interface Subscriptions {
  /** Listens to these and no others. */
  listenTo(sources: readonly string[]): void;
  /** An event of the drop box; an old one goes to the audit trail only. @throws SpoolError it must come again */
  dropped(event: ClusterEvent, isOld: boolean): void;
  state(): Readonly<Record<string, SourceState>>;
  close(): void;
}

export function openSubscriptions(parts: SubscriptionsParts): Subscriptions {
  const { clock, wallClock, log, spool, office, runRoot } = parts;
  const cursors: Record<string, Cursor> = { ...spool.cursors() };
  const live = new Map<string, boolean>();
  const open = new Map<string, { close(): void }>();

  function isTaken(source: string, { boot, sequence }: ClusterEvent): boolean {
    const cursor = cursors[source];
    return cursor?.boot === boot && sequence <= cursor.sequence;
  }

  /** Nothing of this cluster's story: neither told nor kept. */
  function hearPeer(source: string, event: ClusterEvent): void {
    office.hearPeer(event);
    cursors[source] = { boot: event.boot, sequence: event.sequence };
  }

  function listen(source: string): void {
    const first = cursors[source] === undefined;
    let complained = false;
    let heard = false;
    live.set(source, false);
    const take = (event: ClusterEvent): void => {
      try {
        heard = event.fact.kind !== "daemon.stopping";
        if (isTaken(source, event)) return; // from the drop box
        if (event.fact.kind === "peer.said") return hearPeer(source, event);
        parts.audit?.append(event);
        const old = first && wallClock() - event.atMs > OLD_MS;
        const wanted = office.take(event, old);
        cursors[source] = { boot: event.boot, sequence: event.sequence };
        if (wanted) spool.putCursors(cursors);
        complained = false;
      } catch (error) {
        if (!complained)
          log.error({ event: "event.refused", source, error }, lines.eventRefused(source, error));
        complained = true;
        throw error;
      }
    };
    const subscription = subscribe({
      path: controlPath(source, runRoot),
      clock,
      from: cursors[source] ?? START,
      keeps: true,
      take,
      onRestart() {
        // Only if we listened to the former process until it fell silent; otherwise we cannot know how it ended.
        if (heard) office.publish("warning", { kind: "daemon.restarted", restarted: source });
        heard = false;
      },
      onGap(missed) {
        log.warn({ event: "events.missed", source, missed }, lines.missed(source, missed));
        office.note(lines.missed(source, missed));
      },
      onLive() {
        live.set(source, true);
        log.info({ event: "source.live", source }, lines.sourceLive(source));
      },
      onLost(problem) {
        live.set(source, false);
        log.info({ event: "source.lost", source, problem }, lines.sourceLost(source, problem));
      },
    });
    open.set(source, subscription);
  }

  return {
    listenTo(sources) {
      for (const [source, subscription] of open) {
        if (sources.includes(source)) continue;
        subscription.close();
        open.delete(source);
        live.delete(source);
      }
      for (const source of new Set(sources)) if (!open.has(source)) listen(source);
    },
    dropped(event, isOld) {
      const { daemon, boot, sequence } = event;
      if (isTaken(daemon, event)) return;
      if (event.fact.kind === "peer.said") return office.hearPeer(event);
      parts.audit?.append(event);
      const wanted = office.take(event, isOld);
      if (live.get(daemon) === true) return; // its cursor goes with what is heard
      cursors[daemon] = { boot, sequence };
      if (wanted) spool.putCursors(cursors);
    },
    state: () =>
      Object.fromEntries(
        [...live].map(([source, isLive]) => [source, { live: isLive, cursor: cursors[source] ?? START }]),
      ),
    close() {
      for (const subscription of open.values()) subscription.close();
      open.clear();
    },
  };
}
