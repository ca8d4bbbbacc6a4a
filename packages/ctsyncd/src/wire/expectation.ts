/**
 * Expectations (the data connections that a helper foretells) and the bodies of their messages, both ways.
 *
 * Order and presence of the attributes are conntrackd's. There is none for the NAT tuple of an IPv6 expectation.
 */
import type { Expectation } from "@systole/node-netlink";
import { ByteWriter } from "@systole/wire";
import {
  hasPorts,
  readTuple,
  requireTuple,
  type TupleAttributes,
  writeAddresses,
  writePorts,
  writeTuple,
} from "./addresses.js";
import {
  type AttributeIndex,
  EXP,
  EXPECTATION_ATTRIBUTES,
  writeText,
  writeU8,
  writeU32,
} from "./attribute.js";

export type { Expectation } from "@systole/node-netlink";

const tupleAt = (ipv4: number): TupleAttributes => ({
  ipv4,
  ipv6: ipv4 + 1,
  protocol: ipv4 + 2,
  port: ipv4 + 3,
});
const MASTER = tupleAt(EXP.MASTER_IPV4);
const EXPECTED = tupleAt(EXP.EXPECT_IPV4);
const MASK = tupleAt(EXP.MASK_IPV4);
/** Its numbers stand in another order, and there is none for IPv6: 255 is never present. */
const NAT: TupleAttributes = {
  ipv4: EXP.NAT_IPV4,
  ipv6: 255,
  protocol: EXP.NAT_L4PROTO,
  port: EXP.NAT_PORT,
};

export function encodeExpectation(
  expectation: Expectation,
  { timeout }: { readonly timeout: boolean },
): Uint8Array<ArrayBuffer> {
  const writer = new ByteWriter(192);
  const withPorts = hasPorts(expectation.master.protocol);
  writeTuple(writer, MASTER, expectation.master, withPorts);
  writeTuple(writer, EXPECTED, expectation.tuple, withPorts);
  writeTuple(writer, MASK, expectation.mask, withPorts);
  if (timeout && expectation.timeoutSeconds !== undefined) {
    writeU32(writer, EXP.TIMEOUT, expectation.timeoutSeconds);
  }
  writeU32(writer, EXP.FLAGS, expectation.flags ?? 0);
  if (expectation.class !== undefined) writeU32(writer, EXP.CLASS, expectation.class);
  if (expectation.nat !== undefined) writeNat(writer, expectation.nat, withPorts);
  if (expectation.helper !== undefined) {
    writeText(writer, EXPECTATION_ATTRIBUTES, EXP.HELPER_NAME, expectation.helper);
  }
  if (expectation.function !== undefined) {
    writeText(writer, EXPECTATION_ATTRIBUTES, EXP.FN, expectation.function);
  }
  return writer.done();
}

function writeNat(writer: ByteWriter, nat: NonNullable<Expectation["nat"]>, withPorts: boolean): void {
  const { source, destination, protocol, sourcePort = 0, destinationPort = 0 } = nat.tuple;
  if (source.includes(":")) return;
  writeAddresses(writer, NAT, source, destination);
  writeU8(writer, NAT.protocol, protocol);
  if (withPorts) writePorts(writer, NAT.port, sourcePort, destinationPort);
  writeU32(writer, EXP.NAT_DIR, nat.direction);
}

/** @throws DecodeError if master, expected tuple or mask are incomplete. */
export function decodeExpectation(attributes: AttributeIndex): Expectation {
  const { format } = EXPECTATION_ATTRIBUTES;
  const nat = readTuple(attributes, NAT);
  return {
    master: requireTuple(attributes, MASTER, format),
    tuple: requireTuple(attributes, EXPECTED, format),
    mask: requireTuple(attributes, MASK, format),
    ...(attributes.has(EXP.TIMEOUT) && { timeoutSeconds: attributes.u32be(EXP.TIMEOUT) }),
    ...(attributes.has(EXP.FLAGS) && { flags: attributes.u32be(EXP.FLAGS) }),
    ...(attributes.has(EXP.CLASS) && { class: attributes.u32be(EXP.CLASS) }),
    ...(nat !== undefined && {
      nat: { tuple: nat, direction: attributes.has(EXP.NAT_DIR) ? attributes.u32be(EXP.NAT_DIR) : 0 },
    }),
    ...(attributes.has(EXP.HELPER_NAME) && { helper: attributes.text(EXP.HELPER_NAME) }),
    ...(attributes.has(EXP.FN) && { function: attributes.text(EXP.FN) }),
  };
}
