/**
 * Generic netlink: families by name, commands within them.
 *
 * Layout: struct genlmsghdr and enum ctrl_*, include/uapi/linux/genetlink.h.
 */
import { ByteWriter, DecodeError } from "@systole/wire";
import { Attributes, AttributeWriter } from "./attribute.js";
import type { Decode, NetlinkRequest } from "./connection.js";

export const GENL_ID_CTRL = 16;
export const CTRL_CMD_GETFAMILY = 3;
export const CTRL_ATTR_FAMILY_ID = 1;
export const CTRL_ATTR_FAMILY_NAME = 2;

const HEADER_BYTES = 4; // u8 command, u8 version, u16 reserved

export interface GenericMessage {
  readonly command: number;
  readonly version: number;
  readonly attributes: Attributes;
}

/** The payload of a generic netlink message. */
export function encodeGeneric(
  command: number,
  version: number,
  write: (attributes: AttributeWriter) => void = () => {},
): Uint8Array {
  const writer = new ByteWriter().u8(command).u8(version).u16host(0);
  const attributes = new AttributeWriter(writer);
  write(attributes);
  return attributes.done();
}

/** @throws DecodeError */
export function decodeGeneric(payload: Uint8Array, format: string): GenericMessage {
  if (payload.length < HEADER_BYTES) throw new DecodeError(format, 0, `needs ${HEADER_BYTES} bytes`);
  const attributes = new Attributes(payload, format, HEADER_BYTES);
  return { command: payload[0]!, version: payload[1]!, attributes };
}

/** Asks for the number of a family. The kernel loads its module for it, or answers ENOENT. */
export function getFamily(name: string): NetlinkRequest {
  return {
    operation: `find the kernel's ${name}`,
    type: GENL_ID_CTRL,
    flags: 0,
    payload: encodeGeneric(CTRL_CMD_GETFAMILY, 1, (attributes) =>
      attributes.text(CTRL_ATTR_FAMILY_NAME, name),
    ),
  };
}

/** The number in an answer to `getFamily`. @throws DecodeError */
export const decodeFamilyId: Decode<number> = ({ payload }) => {
  const { attributes } = decodeGeneric(payload, "generic netlink family");
  return attributes.need("family id", attributes.u16host(CTRL_ATTR_FAMILY_ID));
};
