/** The core's notes in the words that scripts know, with their level. */
import type { Note } from "../core/note.js";
import { logLines } from "../log-lines.js";

export interface LogLine {
  readonly level: "error" | "warn" | "info" | "debug";
  readonly text: string;
}

const debug = (text: string): LogLine => ({ level: "debug", text });
const info = (text: string): LogLine => ({ level: "info", text });
const warn = (text: string): LogLine => ({ level: "warn", text });
const error = (text: string): LogLine => ({ level: "error", text });

/** @param local this node's name; `preferred` tells whose group it is. */
export function lineOf(note: Note, local: string, preferred: (group: string) => string | undefined): LogLine {
  switch (note.kind) {
    case "local-status":
      return note.state === "init" ? debug("local status is init") : info(logLines.localStatus(note.state));
    case "communication-up":
      return info(logLines.commNowUp());
    case "link-up":
      return info(logLines.linkUp(note.node, note.medium));
    case "link-dead":
      return warn(logLines.linkDead(note.node, note.medium));
    case "node-status":
      return info(logLines.statusUpdate(note.node, note.state));
    case "node-dead":
    case "late-heartbeat":
    case "configuration":
    case "node-restarted":
    case "returning-after-partition":
    case "replay":
    case "lost-packets":
    case "nothing-missing":
    case "irretrievably-lost":
      return trafficLine(note);
    case "fence-result":
      return info(`fencing of ${note.node}: ${note.result}`);
    case "acquiring-from":
    case "acquired":
    case "released":
    case "resource-unknown":
    case "resource-down":
    case "resource-up":
    case "local-transition-completed":
    case "remote-transition-completed":
      return groupLine(note);
    case "standby-asked":
    case "standby-can-take":
    case "standby-acquire":
    case "standby-give-up":
    case "standby-take":
    case "standby-given":
    case "standby-taken":
    case "standby-other-completed":
    case "standby-no-reply":
      return standbyLine(note);
    case "shutdown-notice":
      return info(logLines.shutdownNotice(note.node));
    case "giving-up-all":
    case "all-relinquished":
    case "shutdown-complete":
    case "shutdown-delayed":
      return info(leavingLine(note.kind, local));
    case "other-key":
    case "other-key-over":
    case "both-own":
    case "announced-again":
    case "stalled":
    case "stranger":
    case "unable":
      return troubleLine(note, local, preferred);
  }
}

/** The notes whose kind is one of these. */
type NoteOf<Kind extends Note["kind"]> = Note extends infer One
  ? One extends { readonly kind: infer Own }
    ? Own extends Kind
      ? One & { readonly kind: Own }
      : never
    : never
  : never;

type GroupKind = Extract<Note["kind"], `resource-${string}` | `${string}-transition-completed`>;

/** Groups come and go, or monitoring says something of a resource. */
function groupLine(note: NoteOf<"acquiring-from" | "acquired" | "released" | GroupKind>): LogLine {
  switch (note.kind) {
    case "acquiring-from":
      return info(logLines.acquiringFrom(note.node));
    case "local-transition-completed":
      return info(logLines.localTransitionCompleted());
    case "remote-transition-completed":
      return info(logLines.remoteTransitionCompleted());
    case "acquired":
    case "released":
      return info(`${note.kind} ${note.group}: ${note.reason}`);
    case "resource-unknown":
      return warn(`${note.resource} of ${note.group}: its status cannot be had: ${note.problem}`);
    case "resource-down":
      return error(`${note.resource} of ${note.group} is down: ${note.reason}; ${note.consequence}`);
    case "resource-up":
      return info(`${note.resource} of ${note.group}: ${note.how}`);
  }
}

/** A stop in order. */
function leavingLine(
  kind: "giving-up-all" | "all-relinquished" | "shutdown-complete" | "shutdown-delayed",
  local: string,
): string {
  switch (kind) {
    case "giving-up-all":
      return logLines.givingUpAll();
    case "all-relinquished":
      return logLines.allRelinquished();
    case "shutdown-complete":
      return logLines.shutdownComplete(local);
    case "shutdown-delayed":
      return logLines.shutdownDelayed();
  }
}

/** The hand-over dialogue. */
function standbyLine(note: NoteOf<Extract<Note["kind"], `standby-${string}`>>): LogLine {
  switch (note.kind) {
    case "standby-asked":
      return info(logLines.wantsStandby(note.node, note.set));
    case "standby-can-take":
      return info(logLines.canTake(note.node, note.set));
    case "standby-acquire":
      return info(logLines.acquireFrom(note.set, note.node));
    case "standby-give-up":
      return info(logLines.giveUp(note.set));
    case "standby-take":
      return info(logLines.acquire(note.set));
    case "standby-given":
      return info(logLines.localStandbyCompleted(note.set));
    case "standby-taken":
      return info(logLines.standbyAcquisitionDone(note.set));
    case "standby-other-completed":
      return info(logLines.otherCompletedStandby(note.set));
    case "standby-no-reply":
      return warn(logLines.standbyUnanswered());
  }
}

/** What arrives, when and whether. */
function trafficLine(
  note: NoteOf<
    | "late-heartbeat"
    | "node-dead"
    | "node-restarted"
    | "configuration"
    | "returning-after-partition"
    | "replay"
    | "lost-packets"
    | "nothing-missing"
    | "irretrievably-lost"
  >,
): LogLine {
  switch (note.kind) {
    case "late-heartbeat":
      return note.overDeadtime
        ? error(logLines.lateBeyondDeadtime(note.node, Math.round(note.intervalMs)))
        : warn(logLines.lateHeartbeat(note.node, Math.round(note.intervalMs)));
    case "node-dead":
      return warn(logLines.nodeDead(note.node));
    case "configuration":
      return note.agrees
        ? info(`haresources, nodes and auto_failback of ${note.node} are the same as ours again`)
        : warn(`haresources, nodes or auto_failback of ${note.node} differ from ours: make them the same`);
    case "node-restarted":
      return warn(logLines.restartOn(note.node));
    case "returning-after-partition":
      return error(logLines.returningAfterPartition(note.node));
    case "replay":
      return warn(logLines.replayAttack(note.node, note.generation, note.current));
    case "lost-packets":
      return warn(logLines.lostPackets(note.count, note.node, note.last, note.current));
    case "nothing-missing":
      return info(logLines.nothingMissing(note.node));
    case "irretrievably-lost":
      return error(logLines.irretrievablyLost(note.node, note.sequence));
  }
}

/** authkeys differ, or somebody forges heartbeats. */
function otherKeyLine(note: NoteOf<"other-key" | "other-key-over">): LogLine {
  const { node } = note;
  if (note.kind === "other-key-over")
    return info(
      note.how === "heard"
        ? `${node} speaks with a key of ours now`
        : `nobody speaks in the name of ${node} with another key any more`,
    );
  const meanwhile = note.waits
    ? "until then this node takes nothing over from it (otherkeys in ha.cf)"
    : "this node goes on as if it were silent";
  return error(
    `${node} speaks on ${note.medium} with a key that this node does not have, or somebody in its name: ` +
      `make authkeys of both nodes the same and reload; ${meanwhile}`,
  );
}

/** What an administrator must see. */
function troubleLine(
  note: NoteOf<
    "other-key" | "other-key-over" | "both-own" | "announced-again" | "stalled" | "stranger" | "unable"
  >,
  local: string,
  preferred: (group: string) => string | undefined,
): LogLine {
  switch (note.kind) {
    case "other-key":
    case "other-key-over":
      return otherKeyLine(note);
    case "stranger":
      return error(`${note.mac} answers for ${note.vip} of ${note.group}, and is no node that we know`);
    case "both-own": {
      const line = preferred(note.group) === local ? logLines.bothOwnOurs() : logLines.bothOwnForeign();
      const who = note.weYield ? "we yield" : `${note.node} is to yield`;
      return error(`${line} (${note.group}: ${who})`);
    }
    case "announced-again":
      return warn(
        `this node stood still for more than half its deadtime: ${note.groups.join(", ")} announced again`,
      );
    case "stalled":
      return error(
        `this node was silent for ${Math.round(note.silentMs)} ms: it starts over as generation ${note.generation}`,
      );
    case "unable":
      return error(`${note.group} cannot run here: ${note.problem}`);
  }
}
