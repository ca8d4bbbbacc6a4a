/** What the kernel tells of its own accord: flows and expectations that are born, change and end. */
import { type NetlinkMessage, NLM_F_CREATE } from "../message.js";
import {
  IPCTNL_MSG_CT_DELETE,
  IPCTNL_MSG_CT_NEW,
  NFNL_SUBSYS_CTNETLINK,
  NFNL_SUBSYS_CTNETLINK_EXP,
} from "./constants.js";
import { decodeExpectation, type Expectation } from "./expect.js";
import { decodeFlow, type Flow } from "./flow.js";

export type ConntrackEventKind = "new" | "update" | "destroy";

export type ConntrackEvent =
  | {
      readonly subject: "flow";
      readonly kind: ConntrackEventKind;
      /** What is absent did not change: merge it into what is known. */
      readonly flow: Flow;
      /** Port id of the socket that caused it; 0 if it was traffic. Tells our own commits from the rest. */
      readonly origin: number;
    }
  | {
      readonly subject: "expectation";
      readonly kind: ConntrackEventKind;
      readonly expectation: Expectation;
      readonly origin: number;
    };

/** Reads an event straight from the receive buffer; undefined for a message that is none. @throws DecodeError */
export function decodeConntrackEvent(message: NetlinkMessage): ConntrackEvent | undefined {
  const kind = kindOf(message);
  if (kind === undefined) return undefined;
  const origin = message.portId;
  switch (message.type >> 8) {
    case NFNL_SUBSYS_CTNETLINK:
      return { subject: "flow", kind, flow: decodeFlow(message.payload), origin };
    case NFNL_SUBSYS_CTNETLINK_EXP:
      return { subject: "expectation", kind, expectation: decodeExpectation(message.payload), origin };
    default:
      return undefined;
  }
}

/** NEW with the CREATE flag is a birth, without it a change. */
function kindOf({ type, flags }: NetlinkMessage): ConntrackEventKind | undefined {
  const kind = type & 0xff;
  if (kind === IPCTNL_MSG_CT_DELETE) return "destroy";
  if (kind !== IPCTNL_MSG_CT_NEW) return undefined;
  return (flags & NLM_F_CREATE) !== 0 ? "new" : "update";
}
