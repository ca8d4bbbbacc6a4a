/** One flow as one line of XML, as `conntrackd -i -x` and `conntrack -o xml` print it. */
import type { Tuple } from "@systole/node-netlink";
import { protocolName, stateName } from "./entry-line.js";
import { type Flow, IPS_ASSURED, IPS_SEEN_REPLY } from "./wire/flow.js";

/**
 * As `entryLine`; a peer's flow has a layer 3 `unknown` in its reply part, because that does not travel. The kernel's
 * own number of an entry (`<id>`) is not kept.
 */
export function entryXml(flow: Flow, withReply: boolean): string {
  const { original, reply, status = 0, mark, zone, helper } = flow;
  const state = stateName(flow);
  const independent = [
    state === undefined ? "" : `<state>${state}</state>`,
    mark === undefined ? "" : `<mark>${mark}</mark>`,
    zone === undefined ? "" : `<zone>${zone}</zone>`,
    (status & IPS_SEEN_REPLY) === 0 ? "<unreplied/>" : "",
    (status & IPS_ASSURED) === 0 ? "" : "<assured/>",
    helper === undefined ? "" : `<helper>${helper}</helper>`,
  ].join("");
  const answer = withReply ? direction("reply", reply) : UNKNOWN_REPLY;
  const meta = `<meta direction="independent">${independent}</meta>`;
  return `<flow>${direction("original", original)}${answer}${meta}</flow>`;
}

const UNKNOWN_REPLY =
  '<meta direction="reply"><layer3 protonum="0" protoname="unknown"><src></src><dst></dst></layer3>' +
  '<layer4 protonum="0" protoname="unknown"></layer4></meta>';

function direction(
  name: string,
  { source, destination, protocol, sourcePort, destinationPort }: Tuple,
): string {
  const v6 = source.includes(":");
  const layer3 =
    `<layer3 protonum="${v6 ? 10 : 2}" protoname="ipv${v6 ? 6 : 4}">` +
    `<src>${source}</src><dst>${destination}</dst></layer3>`;
  const ports =
    sourcePort === undefined ? "" : `<sport>${sourcePort}</sport><dport>${destinationPort ?? 0}</dport>`;
  const layer4 = `<layer4 protonum="${protocol}" protoname="${protocolName(protocol)}">${ports}</layer4>`;
  return `<meta direction="${name}">${layer3}${layer4}</meta>`;
}
