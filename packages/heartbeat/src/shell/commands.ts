/** What can be asked of a running heartbeat: the verbs of its control socket, and the commands of its FIFO. */
import { ControlError, type Verbs } from "@systole/daemon";
import type { IpAddress } from "@systole/wire";
import type { CoreEvent } from "../core/event.js";
import type { HoldSet, OtherMessage } from "../core/message.js";
import type { ClusterView } from "../core/view.js";
import { type Fields, textOf } from "../wire/field.js";
import { otherOf } from "../wire/vocabulary.js";
import type { Answers } from "./answers.js";

export interface MediumView {
  readonly medium: string;
  readonly device: string;
  readonly ready: boolean;
}

/** What `status` answers. */
export interface HeartbeatStatus extends ClusterView {
  readonly version: string;
  /** How long a VIP lives unless it is renewed, and what ends it; undefined when the lease is off. */
  readonly lease: { readonly kind: "address" | "guard"; readonly length: number } | undefined;
  /** Addresses of the groups, whoever has them. */
  readonly vips: readonly { readonly address: IpAddress; readonly group: string }[];
  readonly media: readonly MediumView[];
  /** Devices on which this node hears itself. */
  readonly ownLinks: readonly string[];
  /** What hb_setweight and hb_setsite have set, by node. */
  readonly attributes: Readonly<Record<string, { readonly weight?: number; readonly site?: string }>>;
  /** Datagrams dropped since the start, by reason. */
  readonly dropped: Readonly<Record<string, number>>;
}

export interface CommandDependencies {
  readonly feed: (event: CoreEvent) => void;
  readonly answers: Answers;
  readonly status: () => HeartbeatStatus;
  /** A parameter of ha.cf as written; undefined if it is not set. */
  readonly parameter: (name: string) => string | undefined;
  readonly stop: (reason: string) => void;
  /** A service manager starts the next process when this one ends with a failure. */
  readonly managed: boolean;
}

export function heartbeatVerbs({
  feed,
  answers,
  status,
  parameter,
  stop,
  managed,
}: CommandDependencies): Verbs {
  const hand = (type: "standby" | "takeover", set: HoldSet) =>
    answers.ask((request) => feed({ type, set, request }));
  return {
    status: { changes: false, run: status },
    standby: { changes: true, run: ({ set }) => hand("standby", standbySet(set)) },
    takeover: { changes: true, run: ({ set }) => hand("takeover", takeoverSet(set)) },
    "confirm-dead": {
      changes: true,
      run: ({ node }) =>
        answers.ask((request) => feed({ type: "confirm-dead", node: String(node).toLowerCase(), request })),
    },
    restart: {
      changes: true,
      run({ next }) {
        if (next !== "caller" && !managed) {
          throw new ControlError("refused", "no service manager would start it again: stop and start it");
        }
        return answers.ask((request) => feed({ type: "restart", request }));
      },
    },
    parameter: { changes: false, run: ({ name }) => parameter(String(name)) ?? null },
    stop: {
      changes: true,
      run() {
        stop("asked on the control socket");
        return "stopping";
      },
    },
  };
}

/** In the view of the node that gives up; `failback` are the groups that prefer the other. */
export const standbySet = (word: unknown): HoldSet => (word === "failback" ? "foreign" : holdSet(word));

/** In the view of the node that takes; `failback` are the groups that prefer it. */
export const takeoverSet = (word: unknown): HoldSet => (word === "failback" ? "local" : holdSet(word));

function holdSet(word: unknown): HoldSet {
  switch (word) {
    case undefined:
    case "all":
      return "all";
    case "local":
    case "foreign":
      return word;
    default:
      throw new ControlError("bad-request", `"${String(word)}": one of all, foreign, local, failback`);
  }
}

export interface FifoDependencies extends Pick<CommandDependencies, "feed" | "answers"> {
  readonly warn: (line: string) => void;
  /** Says to the cluster what only clients and event scripts understand. */
  readonly say: (message: OtherMessage, dest?: string) => void;
}

/** Types that heartbeat alone may say. */
const OWN_TYPES =
  /^(status|starting|resource|ask_resources|stonith|shutdone|reqnodes|repnodes|ip-request.*|NS_.*|hbapi-.*)$/;

/** One command of the FIFO; what it refuses or does not know is a line for the log. */
export function fifoCommand(fields: Fields, { feed, answers, warn, say }: FifoDependencies): void {
  const type = textOf(fields, "t") ?? "";
  const set = textOf(fields, "rsc_hold");
  const ask = (command: "standby" | "takeover", of: (word: unknown) => HoldSet) => {
    try {
      const wanted = of(set);
      answers
        .ask((request) => feed({ type: command, set: wanted, request }))
        .catch((error: unknown) => warn(`${type} refused: ${String(error)}`));
    } catch (error) {
      warn(`${type}: ${String(error)}`);
    }
  };
  if (type === "ask_resources" && textOf(fields, "info") === "me") ask("standby", standbySet);
  else if (type === "hb_takeover") ask("takeover", takeoverSet);
  else if (type === "" || OWN_TYPES.test(type))
    warn(`a command of type "${type}" in the FIFO means nothing here`);
  else say(otherOf(type, fields), textOf(fields, "dest")?.toLowerCase());
}
