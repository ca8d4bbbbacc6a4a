/**
 * Our core in the place of one of the two recorded nodes: it hears what the other one said, at the recorded moments, and
 * what it says itself is written down. The recorded node cannot react to us, so only as much of a dialogue makes sense
 * as would have gone the same way.
 */
import { instant, milliseconds } from "@systole/machine";
import type { CoreAction } from "../../src/core/action.js";
import { clusterMachine } from "../../src/core/cluster.js";
import type { CoreEvent } from "../../src/core/event.js";
import type { Message } from "../../src/core/message.js";
import type { ClusterSettings } from "../../src/core/settings.js";
import { booted, type ClusterState } from "../../src/core/state.js";
import { decodeFields, openEnvelope } from "../../src/wire/datagram.js";
import { decodeMessage } from "../../src/wire/vocabulary.js";
import { scenarios } from "../vectors.js";

export interface Recording {
  readonly scenario: string;
  /** Our core plays this node; the other one is the recording. */
  readonly local: string;
  readonly fromMs: number;
  readonly untilMs: number;
  readonly autoFailback: ClusterSettings["autoFailback"];
  /** What somebody commands us, by the clock of the recording. */
  readonly commands?: readonly { readonly atMs: number; readonly event: CoreEvent }[];
}

/** How long a resource group takes to start or stop. */
const WORK_MS = 20;

interface Due {
  readonly atMs: number;
  readonly event: CoreEvent;
}

const settingsOf = ({ local, autoFailback }: Recording): ClusterSettings => ({
  local,
  nodes: ["hbn1", "hbn2"],
  keepalive: milliseconds(500),
  deadtime: milliseconds(2000),
  warntime: milliseconds(1000),
  initdead: milliseconds(4000),
  maxRexmitDelay: milliseconds(250),
  autoFailback,
  groups: [
    {
      key: "IPaddr2::10.66.0.50/24/eth0",
      preferred: "hbn1",
      resources: ["IPaddr2::10.66.0.50/24/eth0"],
    },
  ],
  lease: { kind: "address", length: milliseconds(1000) },
  fencing: false,
});

/** The words we said, statuses and the sequencing left out, with the starts and stops of groups. */
export function playAgainst(recording: Recording): string[] {
  const { fromMs, untilMs } = recording;
  const machine = clusterMachine();
  const said: string[] = [];
  const due: Due[] = [...heardBy(recording), ...(recording.commands ?? [])];
  due.sort((a, b) => a.atMs - b.atMs);
  let now = fromMs;
  const boot = { storedGeneration: 7, adopted: [] };
  let state: ClusterState = booted(settingsOf(recording), boot, instant(now));

  const feed = (event: CoreEvent | { type: "tick" }): void => {
    const step = machine.step(state, event, instant(now));
    state = step.state;
    for (const action of step.actions) perform(action);
  };
  const later = (event: CoreEvent): void => {
    const at = due.findIndex((one) => one.atMs > now + WORK_MS);
    due.splice(at === -1 ? due.length : at, 0, { atMs: now + WORK_MS, event });
  };
  const perform = (action: CoreAction): void => {
    if (action.type === "persist-generation") later({ ...action, type: "generation-stored" });
    if (action.type === "start") later({ type: "started", group: action.group, steps: [], degraded: [] });
    if (action.type === "stop") later({ type: "stopped", group: action.group });
    if (action.type === "start" || action.type === "stop") said.push(action.type);
    if (action.type === "send" && action.message.type === "status") {
      feed({ type: "sent", generation: action.generation, at: instant(now) });
    }
    const words = action.type === "send" ? wordsOf(action.message) : undefined;
    if (words !== undefined) said.push(words);
  };

  while (now < untilMs) {
    const deadline = machine.nextDeadline(state) ?? Number.POSITIVE_INFINITY;
    const next = due[0];
    now = Math.max(now, Math.min(deadline, next?.atMs ?? untilMs, untilMs));
    if (next !== undefined && next.atMs <= now) feed(due.shift()!.event);
    else if (deadline <= now) feed({ type: "tick" });
  }
  return said;
}

function heardBy({ scenario, local, fromMs, untilMs }: Recording): Due[] {
  const recorded = scenarios().find(({ name }) => name.startsWith(scenario));
  return (recorded?.datagrams ?? [])
    .filter(
      ({ from, t }) => from !== local && from.startsWith("hbn") && t * 1000 >= fromMs && t * 1000 < untilMs,
    )
    .map(({ t, bytes }) => {
      const { control, message } = decodeMessage(decodeFields(openEnvelope(bytes)));
      const { src: from, generation, sequence, dest } = control;
      const header = {
        from,
        generation,
        ...(sequence === undefined ? {} : { sequence }),
        ...(dest === undefined ? {} : { dest }),
      };
      return { atMs: t * 1000, event: { type: "message", medium: "eth1", header, message } };
    });
}

function wordsOf(message: Message): string | undefined {
  switch (message.type) {
    case "starting":
    case "reqnodes":
    case "repnodes":
    case "shutdone":
      return message.type;
    case "resource":
      return `resource ${message.holds} ${message.stable === true ? 1 : 0}${message.info === undefined ? "" : ` ${message.info}`}`;
    case "ask_resources":
      return `ask ${message.set} ${message.info}`;
    case "hb_takeover":
      return `hb_takeover ${message.set}`;
    case "ip-request":
      return `ip-request ${message.group}`;
    case "ip-request-resp":
      return `ip-request-resp ${message.weOwn ? "yes" : "no"} ${message.ok ? "OK" : "fail"}`;
    case "stonith":
      return `stonith ${message.result}`;
    default:
      return undefined;
  }
}
