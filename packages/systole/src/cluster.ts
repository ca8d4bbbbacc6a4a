/** The heartbeat of this machine, and what it answers to `status`, as far as the operator's command shows it. */
import { existsSync } from "node:fs";
import { controlClient, controlPath } from "@systole/daemon";

export interface ClusterStatus {
  /** This node. */
  readonly node: string;
  /** `operational` once it may own something. */
  readonly life: string;
  readonly lease?: { readonly kind: string; readonly length: number };
  readonly nodes: readonly {
    readonly node: string;
    readonly state: "init" | "up" | "active" | "dead";
    /** Milliseconds since it was heard; absent of one that is not alive. */
    readonly silentMs?: number;
    /** Somebody speaks in its name with another key; `waits`: so this node takes nothing from it. */
    readonly otherKey?: "waits" | "noticed";
    /** Media that it is heard on. */
    readonly links: readonly string[];
  }[];
  readonly pings: readonly { readonly node: string; readonly state: "init" | "ping" | "dead" }[];
  readonly groups: readonly {
    readonly group: string;
    readonly preferred: string;
    readonly here: string;
    readonly owner?: string;
    /** Its resources that are down on this node. */
    readonly down?: readonly string[];
  }[];
  readonly vips: readonly { readonly address: string; readonly group: string }[];
}

export type ClusterAnswer =
  | { readonly kind: "status"; readonly status: ClusterStatus }
  | { readonly kind: "silent"; readonly problem: string };

const ANSWER_LIMIT_MS = 2000;

/** Undefined where no heartbeat has a control socket: a director of its own. */
export async function clusterOf(root: string): Promise<ClusterAnswer | undefined> {
  const path = controlPath("heartbeat", root);
  if (!existsSync(path)) return undefined;
  try {
    const answer = await controlClient(path, { limitMs: ANSWER_LIMIT_MS }).call("status");
    return { kind: "status", status: readClusterStatus(answer) };
  } catch (error) {
    return { kind: "silent", problem: error instanceof Error ? error.message : String(error) };
  }
}

function readClusterStatus(answer: unknown): ClusterStatus {
  const lists = ["nodes", "pings", "groups", "vips"] as const;
  const found = answer as Partial<Record<(typeof lists)[number], unknown>> | null; // looked at in the next line
  if (found === null || !lists.every((name) => Array.isArray(found[name])))
    throw new Error("it answers in another version's words; restart it after an upgrade");
  // heartbeat's `HeartbeatStatus` has these fields and more; the tests of both ends play one against the other
  return found as unknown as ClusterStatus;
}
