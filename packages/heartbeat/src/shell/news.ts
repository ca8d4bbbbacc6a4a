/** What happens in the cluster, for those who listen: API clients and event scripts. */
import type { OtherMessage } from "../core/message.js";
import type { Note } from "../core/note.js";

export type News =
  /** A message that heartbeat itself makes nothing of; also one of this node. */
  | { readonly kind: "message"; readonly from: string; readonly message: OtherMessage }
  /** A member has another state: `up` `active` `dead`; a ping node `ping` `dead`. */
  | { readonly kind: "node"; readonly node: string; readonly state: string }
  | { readonly kind: "link"; readonly node: string; readonly link: string; readonly state: "up" | "dead" };

export interface NewsDesk {
  tell(news: News): void;
  /** Returns what ends it. */
  listen(listener: (news: News) => void): () => void;
}

export function createNewsDesk(): NewsDesk {
  const listeners = new Set<(news: News) => void>();
  return {
    tell(news) {
      for (const listener of [...listeners]) listener(news);
    },
    listen(listener) {
      listeners.add(listener);
      return () => void listeners.delete(listener);
    },
  };
}

/** What a note of the core is to others; nothing, mostly. */
export function newsOf(note: Note): readonly News[] {
  switch (note.kind) {
    case "node-status": {
      const { node, state } = note;
      const link: readonly News[] = state === "ping" ? [{ kind: "link", node, link: node, state: "up" }] : [];
      return [...link, { kind: "node", node, state }];
    }
    case "node-dead":
      return [{ kind: "node", node: note.node, state: "dead" }];
    case "link-up":
    case "link-dead":
      return [
        { kind: "link", node: note.node, link: note.medium, state: note.kind === "link-up" ? "up" : "dead" },
      ];
    default:
      return [];
  }
}
