/** What every request of nftables over netlink begins with, and the frame of a transaction. */
import { ByteWriter } from "@systole/wire";
import type { NetlinkRequest, TransactionFrame } from "../connection.js";

const NFNL_SUBSYS_NFTABLES = 10;
const NFNL_MSG_BATCH_BEGIN = 16;
const NFNL_MSG_BATCH_END = 17;

export const NFGENMSG_BYTES = 4; // u8 family, u8 version 0, be16 resource id

/** NFPROTO_* of the table families that are used here. */
export const NFTABLES_FAMILIES = { inet: 1, arp: 3, netdev: 5 } as const;

export type NftablesFamily = keyof typeof NFTABLES_FAMILIES;

export const nftablesType = (message: number): number => (NFNL_SUBSYS_NFTABLES << 8) | message;

/** A writer behind the family header (struct nfgenmsg). */
export const nftablesHeader = (family: NftablesFamily): ByteWriter =>
  new ByteWriter().u8(NFTABLES_FAMILIES[family]).u8(0).u16be(0);

const frame = (type: number, operation: string): NetlinkRequest => ({
  operation,
  type,
  flags: 0,
  payload: new ByteWriter(NFGENMSG_BYTES).u8(0).u8(0).u16be(NFNL_SUBSYS_NFTABLES).done(),
});

/**
 * Between these two the kernel does everything or nothing.
 * Source: nfnetlink_rcv_batch(), net/netfilter/nfnetlink.c.
 */
export const nftablesTransaction: TransactionFrame = {
  begin: frame(NFNL_MSG_BATCH_BEGIN, "begin an nftables transaction"),
  end: frame(NFNL_MSG_BATCH_END, "end an nftables transaction"),
};
