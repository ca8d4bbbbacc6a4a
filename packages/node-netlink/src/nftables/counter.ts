/**
 * Named counters of nftables: `nft` is slow at listing them.
 *
 * Layout: enum nft_object_attributes and nft_counter_attributes, include/uapi/linux/netfilter/nf_tables.h.
 */
import { ByteWriter } from "@systole/wire";
import { Attributes, AttributeWriter } from "../attribute.js";
import type { Decode, NetlinkRequest } from "../connection.js";
import { NFGENMSG_BYTES, type NftablesFamily, nftablesHeader, nftablesType } from "./nfnetlink.js";

const NFT_MSG_NEWOBJ = 18;
const NFT_MSG_GETOBJ = 19;

const NFTA_OBJ_TABLE = 1;
const NFTA_OBJ_NAME = 2;
const NFTA_OBJ_TYPE = 3; // be32
const NFTA_OBJ_DATA = 4; // nest
const NFT_OBJECT_COUNTER = 1;
const NFTA_COUNTER_BYTES = 1; // be64
const NFTA_COUNTER_PACKETS = 2; // be64

const FORMAT = "nftables counter";

export interface NftCounter {
  readonly table: string;
  readonly name: string;
  readonly packets: bigint;
  readonly bytes: bigint;
}

/** All named counters of one table. The kernel answers none, and no error, if there is no such table. */
export const dumpCounters = (family: NftablesFamily, table: string): NetlinkRequest => ({
  operation: `list the counters of table ${family} ${table}`,
  type: nftablesType(NFT_MSG_GETOBJ),
  flags: 0,
  payload: new AttributeWriter(nftablesHeader(family))
    .text(NFTA_OBJ_TABLE, table)
    .u32be(NFTA_OBJ_TYPE, NFT_OBJECT_COUNTER)
    .done(),
});

/** Decodes the answers to `dumpCounters`. @throws DecodeError */
export const counterAnswer: Decode<NftCounter> = ({ type, payload }) => {
  if ((type & 0xff) !== NFT_MSG_NEWOBJ) return undefined;
  const attributes = new Attributes(payload, FORMAT, NFGENMSG_BYTES);
  const data = attributes.nest(NFTA_OBJ_DATA);
  if (attributes.u32be(NFTA_OBJ_TYPE) !== NFT_OBJECT_COUNTER || data === undefined) return undefined;
  return {
    table: attributes.need("table", attributes.text(NFTA_OBJ_TABLE)),
    name: attributes.need("name", attributes.text(NFTA_OBJ_NAME)),
    packets: data.u64be(NFTA_COUNTER_PACKETS) ?? 0n,
    bytes: data.u64be(NFTA_COUNTER_BYTES) ?? 0n,
  };
};

/** As the kernel would say it; for fakes and tests. */
export const encodeCounter = ({ table, name, packets, bytes }: NftCounter): Uint8Array =>
  new AttributeWriter(new ByteWriter().u8(0).u8(0).u16be(0))
    .text(NFTA_OBJ_TABLE, table)
    .text(NFTA_OBJ_NAME, name)
    .u32be(NFTA_OBJ_TYPE, NFT_OBJECT_COUNTER)
    .nest(NFTA_OBJ_DATA, (nest) => nest.u64be(NFTA_COUNTER_BYTES, bytes).u64be(NFTA_COUNTER_PACKETS, packets))
    .done();
