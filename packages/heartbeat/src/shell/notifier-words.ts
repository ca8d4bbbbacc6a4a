/**
 * Words of our notifierd for a peer's, and of a peer's for ours. heartbeat carries them, signed as all it says, and
 * makes nothing of them: they come out as an event `peer.said`, which goes the way of all events.
 *
 * Only a node of ours is told (a real heartbeat has no notifier), and only so much that a serial line goes on beating.
 */
import { type Caller, ControlError, type Verbs } from "@systole/daemon";
import type { OtherMessage } from "../core/message.js";
import { accountOf } from "./account-ids.js";
import type { HeartbeatStatus } from "./commands.js";

/** `t` of the message; its one field is `text`. */
const NAME = "synotify";

/** Characters, all of them printable ASCII: half a second of a serial line at 57,600 baud. */
export const LONGEST_WORDS = 3000;

const isFit = (text: string): boolean => text.length <= LONGEST_WORDS && /^[ -~]+$/.test(text);

export interface NotifierWordsDependencies {
  readonly status: () => Pick<HeartbeatStatus, "node" | "nodes">;
  readonly say: (message: OtherMessage, dest: string) => void;
  /** The user that the daemons run as, who may do this and no other change. */
  readonly isNotifier?: (caller: Caller) => boolean;
}

/** The user of the shipped units. */
const runsNotifierd = ({ uid }: Caller): boolean =>
  uid === 0 || uid === process.getuid?.() || uid === accountOf("systole")?.uid;

export function notifierVerbs({ status, say, isNotifier = runsNotifierd }: NotifierWordsDependencies): Verbs {
  return {
    /** Answers when it is handed to the media; whether it arrived only the other side can say. */
    "tell-notifier": {
      changes: false, // not in the cluster; who may is judged here
      run({ node, text }, caller) {
        if (!isNotifier(caller)) throw new ControlError("not-permitted", "only for notifierd");
        if (typeof text !== "string" || !isFit(text))
          throw new ControlError("bad-request", `text: 1 to ${LONGEST_WORDS} printable ASCII characters`);
        const peer = status().nodes.find((one) => one.node === node && one.node !== status().node);
        if (peer === undefined || peer.state === "dead" || peer.ours !== true)
          throw new ControlError("no-peer", `${String(node)} is no Systole node that is alive`);
        say({ type: "other", name: NAME, fields: [["text", text]] }, peer.node);
        return "told";
      },
    },
  };
}

/** What a peer's notifierd says in a message, if it is such a message. */
export const notifierWords = ({ name, fields }: OtherMessage): string | undefined => {
  const text = name === NAME ? (fields.find(([field]) => field === "text")?.[1] ?? "") : "";
  return isFit(text) ? text : undefined;
};
