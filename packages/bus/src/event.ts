/**
 * Facts that one daemon tells the others, in the past tense. Commands go to a control socket instead.
 *
 * Adding a kind of event or a field is compatible; readers skip kinds they do not know.
 */

export type Severity = "info" | "notice" | "warning" | "critical";

/** How long one step of a takeover took. */
export interface StepTime {
  /** The resource as written in haresources, or `fence`, `announce`. */
  readonly step: string;
  readonly ms: number;
  readonly error?: string;
}

export type HeartbeatFact =
  | {
      readonly kind: "node.alive";
      readonly peer: string;
      readonly after?: "start" | "death" | "partition" | "restart";
    }
  | {
      readonly kind: "node.late";
      readonly peer: string;
      readonly silenceMs: number;
      readonly deadtimeMs: number;
    }
  | {
      readonly kind: "node.dead";
      readonly peer: string;
      readonly silenceMs: number;
      readonly deadtimeMs: number;
    }
  | { readonly kind: "link.up" | "link.dead"; readonly peer: string; readonly medium: string }
  | {
      readonly kind: "takeover.started";
      readonly groups: readonly string[];
      readonly reason: string;
      /** The node that gave it: a hand-over between two that live. */
      readonly from?: string;
    }
  | {
      readonly kind: "takeover.finished";
      readonly groups: readonly string[];
      readonly reason: string;
      readonly steps: readonly StepTime[];
      readonly totalMs: number;
      /** What did not work although the takeover went on, such as `conntrack`. */
      readonly degraded: readonly string[];
      readonly from?: string;
    }
  | {
      readonly kind: "release.finished";
      readonly groups: readonly string[];
      readonly reason: string;
      readonly totalMs: number;
      /** The node that may take it now; absent where a real heartbeat does, whose notifier is none of ours. */
      readonly to?: string;
      /** A person asked for it: hb_standby here, or hb_takeover there. */
      readonly ordered?: true;
    }
  | {
      readonly kind: "resource.failed";
      readonly resource: string;
      readonly action: "start" | "stop";
      readonly problem: string;
    }
  | {
      /** Monitoring found that it does not run, although its group does. */
      readonly kind: "resource.down";
      readonly resource: string;
      readonly reason: string;
      /** What is done about it, as a sentence without a full stop. */
      readonly consequence: string;
    }
  | { readonly kind: "resource.up"; readonly resource: string; readonly how: string }
  | {
      readonly kind: "vip.up" | "vip.down";
      readonly address: string;
      readonly device: string;
      readonly reason: string;
    }
  | {
      /** In the peer's name comes what our keys do not verify: authkeys differ, or somebody forges heartbeats. */
      readonly kind: "keys.different";
      readonly peer: string;
      readonly medium: string;
      /** Nothing is taken over from it meanwhile. */
      readonly waits: boolean;
    }
  /** The peer is heard with our key, or nobody speaks in its name any more. */
  | { readonly kind: "keys.settled"; readonly peer: string; readonly how: "heard" | "silent" }
  | { readonly kind: "stall"; readonly stalledMs: number; readonly consequence: string }
  | {
      /** From one notifierd to another, carried by their heartbeats: not about the cluster, and nothing to be told. */
      readonly kind: "peer.said";
      readonly peer: string;
      readonly text: string;
    }
  | {
      readonly kind: "split-brain.suspected" | "split-brain.healed";
      readonly peer: string;
      readonly problem: string;
    };

export type LdirectordFact =
  | {
      readonly kind: "real-server.down";
      /** `tcp 192.0.2.10:80` */
      readonly service: string;
      /** `10.0.0.11:80` */
      readonly server: string;
      /** Why, as a sentence without a full stop: `HTTP 500 on /alive.html, expected "I'm alive!"`. */
      readonly reason: string;
      /** What was said on the connection, bounded to 2 KiB, control characters escaped. */
      readonly transcript?: string;
      readonly action: "quiesced" | "removed";
    }
  | {
      readonly kind: "real-server.up";
      readonly service: string;
      readonly server: string;
      readonly weight: number;
      readonly downMs?: number;
    }
  | {
      /** A person took a real server out, gave it another weight, or took that back (`ready`). */
      readonly kind: "real-server.operated";
      readonly service: string;
      readonly server: string;
      readonly state: "drain" | "maint" | "weight" | "ready";
      readonly weight?: number;
      /** Absent where the order's time was over. */
      readonly by?: string;
      readonly why?: string;
    }
  | { readonly kind: "fallback.used" | "fallback.left"; readonly service: string; readonly server: string }
  | {
      readonly kind: "table.refused";
      readonly service: string;
      readonly change: string;
      readonly problem: string;
    };

export type CtsyncdFact =
  | { readonly kind: "sync.established"; readonly peer: string }
  | { readonly kind: "sync.lost"; readonly peer: string; readonly reason: string }
  | {
      /** Of so many of our flows that were sampled, the peer has so many as they are, and lacks so many. */
      readonly kind: "sync.incomplete" | "sync.complete";
      readonly peer: string;
      readonly asked: number;
      readonly equal: number;
      readonly missing: number;
    }
  | {
      readonly kind: "commit.finished";
      readonly written: number;
      readonly failed: number;
      readonly totalMs: number;
    };

export type DaemonFact =
  | { readonly kind: "daemon.started"; readonly version: string }
  | { readonly kind: "daemon.stopping"; readonly reason: string }
  | {
      readonly kind: "config.loaded";
      readonly file: string;
      /** Of a file that everybody may read. */
      readonly sha256?: string;
    }
  | { readonly kind: "config.refused"; readonly file: string; readonly diagnostics: readonly string[] };

/** What a resource asks the notifier to say, heartbeat's `MailTo` and ldirectord's `emailalert` among them. */
export type LetterFact = {
  readonly kind: "letter";
  readonly to: readonly string[];
  readonly from?: string;
  /** Mail server that is asked before the notifier's own, ldirectord's `smtp`: `mail.example.org` or with a port. */
  readonly via?: string;
  readonly subject: string;
  readonly text: string;
};

/** What the notifier does with what it hears: for the letters, and for whoever asks later why there was none. */
export type NotifierdFact =
  | {
      /** A letter that was given up for one recipient; the letter itself is kept in the spool's `failed`. */
      readonly kind: "delivery.failed";
      readonly letter: string;
      readonly subject: string;
      readonly to: string;
      readonly reason: string;
    }
  | {
      /** Its changes are no longer told one by one. */
      readonly kind: "flapping.started";
      /** Names what flaps in the notifier's own words, the same as in `flapping.ended`. */
      readonly trouble: string;
      /** `real server 10.0.0.11:80 of tcp 192.0.2.10:80` */
      readonly what: string;
      readonly changes: number;
      readonly withinMs: number;
      readonly down: boolean;
    }
  | {
      readonly kind: "flapping.ended";
      readonly trouble: string;
      readonly what: string;
      /** All of them, those that were told before it was called flapping included. */
      readonly changes: number;
      readonly lastedMs: number;
      readonly longestDownMs: number;
      readonly down: boolean;
    }
  | {
      readonly kind: "silence.started";
      readonly id: string;
      /** What is not told: `*`, or a pattern for services, servers, nodes, daemons. */
      readonly pattern: string;
      readonly by: string;
      readonly why: string;
      readonly forMs: number;
    }
  | {
      readonly kind: "silence.ended";
      readonly id: string;
      readonly pattern: string;
      readonly by: string;
      readonly why: string;
      /** How many events were not told, and the last of them, a line each. */
      readonly untold: number;
      readonly lines: readonly string[];
      /** What has not ended yet. */
      readonly troubles: readonly string[];
    }
  | {
      /** Somebody has taken it on: nobody else is woken. */
      readonly kind: "letter.acknowledged";
      readonly letter: string;
      readonly subject: string;
      readonly by: string;
    }
  | {
      /** A daemon of this node is another process than before, and the former one did not say that it stops. */
      readonly kind: "daemon.restarted";
      readonly restarted: string;
    }
  | {
      /** This node's kernel started anew, and notifierd had not been stopped before: a power failure or a crash. */
      readonly kind: "node.returned";
      /** Last sign of life, wall clock in milliseconds since 1970, and how long ago it was. */
      readonly lastSeenMs: number;
      readonly awayMs: number;
    };

export type Fact = HeartbeatFact | LdirectordFact | CtsyncdFact | NotifierdFact | DaemonFact | LetterFact;

/** A fact with its place in time. */
export interface ClusterEvent {
  readonly v: 1;
  /** Same for the life of one process; a new one means that `sequence` began anew. */
  readonly boot: string;
  /** 1, 2, 3, ... within one boot. */
  readonly sequence: number;
  readonly node: string;
  readonly daemon: string;
  /** Wall clock, milliseconds since 1970: for people. */
  readonly atMs: number;
  /** Milliseconds since this node's kernel started, for differences; former versions had none. */
  readonly monotonicMs?: number;
  readonly severity: Severity;
  readonly fact: Fact;
}
