/** The neighbour table, who has which MAC: struct ndmsg and its attributes. */
import {
  ByteReader,
  ByteWriter,
  type Family,
  familyOf,
  type IpAddress,
  type MacAddress,
  macBytes,
  macFromBytes,
} from "@systole/wire";
import { Attributes, AttributeWriter } from "../attribute.js";
import type { NetlinkRequest } from "../connection.js";
import { NLM_F_CREATE, NLM_F_REPLACE } from "../message.js";
import { familyNumber } from "./address.js";
import {
  AF_INET,
  AF_INET6,
  NDA_DST,
  NDA_LLADDR,
  RTM_DELNEIGH,
  RTM_GETNEIGH,
  RTM_NEWNEIGH,
} from "./constants.js";

const FORMAT = "rtnetlink neighbour";
const NDMSG_BYTES = 12; // u8 family, pad 3, i32 index, u16 state, u8 flags, u8 type

export interface NeighbourRecord {
  readonly index: number;
  readonly address: IpAddress;
  /** Undefined while it is being asked for. */
  readonly mac?: MacAddress | undefined;
  /** NUD_* bits. */
  readonly state: number;
  /** NTF_* bits. */
  readonly flags: number;
}

/** The payload of RTM_NEWNEIGH or RTM_DELNEIGH. @throws DecodeError, also for entries that are not IPv4 or IPv6. */
export function decodeNeighbour(payload: Uint8Array): NeighbourRecord {
  const reader = new ByteReader(payload, FORMAT);
  const family = reader.u8();
  if (family !== AF_INET && family !== AF_INET6) reader.fail(`unknown family ${family}`);
  reader.skip(3);
  const index = reader.i32host();
  const state = reader.u16host();
  const flags = reader.u8();
  const attributes = new Attributes(payload, FORMAT, NDMSG_BYTES);
  const mac = attributes.bytes(NDA_LLADDR);
  return {
    index,
    address: attributes.need("address", attributes.ip(NDA_DST)),
    mac: mac?.length === 6 ? macFromBytes(mac) : undefined,
    state,
    flags,
  };
}

export function encodeNeighbour(neighbour: NeighbourRecord): Uint8Array {
  const header = new ByteWriter()
    .u8(familyNumber(familyOf(neighbour.address)))
    .zeros(3)
    .i32host(neighbour.index)
    .u16host(neighbour.state)
    .u8(neighbour.flags)
    .u8(0);
  const attributes = new AttributeWriter(header).ip(NDA_DST, neighbour.address);
  if (neighbour.mac !== undefined) attributes.bytes(NDA_LLADDR, macBytes(neighbour.mac));
  return attributes.done();
}

export const dumpNeighbours = (family?: Family): NetlinkRequest => ({
  operation: "list neighbours",
  type: RTM_GETNEIGH,
  flags: 0,
  payload: new ByteWriter(NDMSG_BYTES).u8(familyNumber(family)).zeros(11).done(),
});

/** Adds the entry or replaces the one that is there. */
export const putNeighbour = (neighbour: NeighbourRecord): NetlinkRequest => ({
  operation: `put neighbour ${neighbour.address}`,
  type: RTM_NEWNEIGH,
  flags: NLM_F_CREATE | NLM_F_REPLACE,
  payload: encodeNeighbour(neighbour),
});

/** The kernel answers ENOENT if it is not there. */
export const removeNeighbour = (neighbour: NeighbourRecord): NetlinkRequest => ({
  operation: `remove neighbour ${neighbour.address}`,
  type: RTM_DELNEIGH,
  flags: 0,
  payload: encodeNeighbour(neighbour),
});
