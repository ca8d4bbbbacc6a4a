/**
 * A filter for the socket of conntrack events: those of protocols that nobody wants stay in the kernel.
 *
 * It walks from attribute to attribute with the kernel's own help (NLATTR finds one of a message, NLATTR_NEST one of a
 * nest); what it cannot judge comes in. Events about expectations are judged by their master, which stands where a
 * flow's tuple does.
 * Source: SKF_AD_NLATTR and SKF_AD_NLATTR_NEST, include/uapi/linux/filter.h.
 */
import { HEADER_BYTES } from "../message.js";
import { assembleFilter, FARTHEST_JUMP, type Instruction } from "../packet-filter.js";
import { CTA_PROTO_NUM, CTA_TUPLE_ORIG, CTA_TUPLE_PROTO } from "./constants.js";

const LOAD_NUMBER = 0x00;
const LOAD_NUMBER_X = 0x01;
const LOAD_BYTE = 0x30;
const LOAD_BYTE_AT_X = 0x50;
const COPY_TO_X = 0x07;
const JUMP_IF_EQUAL = 0x15;
const RETURN = 0x06;
const NLATTR = 0xffff_f000 + 12;
const NLATTR_NEST = 0xffff_f000 + 16;
const NFGENMSG_BYTES = 4;
const ATTRIBUTE_HEADER = 4;
const WHOLE_MESSAGE = 0xffff_ffff;

/** Goes to the attribute of this number; what lacks it comes in: `keep` instructions further. */
const enter = (way: number, attribute: number, keep: number): readonly Instruction[] => [
  [LOAD_NUMBER_X, 0, 0, attribute],
  [LOAD_BYTE, 0, 0, way],
  [JUMP_IF_EQUAL, keep, 0, 0],
];

/** @param wanted which IP protocols come in, or which do not (`accepts` false); most 240 of them. */
export function protocolEventFilter(wanted: {
  readonly accepts: boolean;
  readonly numbers: ReadonlySet<number>;
}): Uint8Array | undefined {
  const numbers = [...wanted.numbers];
  const steps = numbers.length;
  if (steps + 10 > FARTHEST_JUMP) return undefined;
  const [unlisted, listed] = wanted.accepts ? [0, WHOLE_MESSAGE] : [WHOLE_MESSAGE, 0];
  // Behind the numbers stand the answers: unlisted, listed, not to be judged.
  return assembleFilter([
    [LOAD_NUMBER, 0, 0, HEADER_BYTES + NFGENMSG_BYTES],
    ...enter(NLATTR, CTA_TUPLE_ORIG, steps + 10),
    ...enter(NLATTR_NEST, CTA_TUPLE_PROTO, steps + 7),
    ...enter(NLATTR_NEST, CTA_PROTO_NUM, steps + 4),
    [COPY_TO_X, 0, 0, 0],
    [LOAD_BYTE_AT_X, 0, 0, ATTRIBUTE_HEADER],
    ...numbers.map((number, index): Instruction => [JUMP_IF_EQUAL, steps - index, 0, number]),
    [RETURN, 0, 0, unlisted],
    [RETURN, 0, 0, listed],
    [RETURN, 0, 0, WHOLE_MESSAGE],
  ]);
}
