/**
 * Elements of nftables sets of addresses, with and without a time after which the kernel removes them.
 *
 * Layout: enum nft_set_elem_list_attributes and nft_set_elem_attributes, include/uapi/linux/netfilter/nf_tables.h.
 * The kernel takes them only within a transaction (nfnetlink.ts).
 */
import type { IpAddress } from "@systole/wire";
import { AttributeWriter } from "../attribute.js";
import type { NetlinkRequest } from "../connection.js";
import { NLM_F_CREATE } from "../message.js";
import { type NftablesFamily, nftablesHeader, nftablesType } from "./nfnetlink.js";

const NFT_MSG_NEWSETELEM = 12;
const NFT_MSG_DELSETELEM = 14;

const NFTA_SET_ELEM_LIST_TABLE = 1;
const NFTA_SET_ELEM_LIST_SET = 2;
const NFTA_SET_ELEM_LIST_ELEMENTS = 3; // nest of NFTA_LIST_ELEM
const NFTA_LIST_ELEM = 1;
const NFTA_SET_ELEM_KEY = 1; // nest of NFTA_DATA_VALUE
const NFTA_SET_ELEM_TIMEOUT = 4; // be64, milliseconds
const NFTA_DATA_VALUE = 1;

/** A set of addresses, by name. */
export interface AddressSet {
  readonly family: NftablesFamily;
  readonly table: string;
  readonly name: string;
}

/**
 * Adds addresses. One that is there already stays as it is, its time too.
 *
 * @param timeoutMs until the kernel removes them; undefined for ever, or as the set says.
 */
export const addElements = (
  set: AddressSet,
  addresses: readonly IpAddress[],
  timeoutMs?: number,
): NetlinkRequest => ({
  operation: `add ${addresses.join(", ")} to set ${set.family} ${set.table} ${set.name}`,
  type: nftablesType(NFT_MSG_NEWSETELEM),
  flags: NLM_F_CREATE,
  payload: encode(set, addresses, timeoutMs),
});

/** Removes addresses; the kernel answers ENOENT if one of them is not there. */
export const removeElements = (set: AddressSet, addresses: readonly IpAddress[]): NetlinkRequest => ({
  operation: `remove ${addresses.join(", ")} from set ${set.family} ${set.table} ${set.name}`,
  type: nftablesType(NFT_MSG_DELSETELEM),
  flags: 0,
  payload: encode(set, addresses, undefined),
});

function encode(
  { family, table, name }: AddressSet,
  addresses: readonly IpAddress[],
  timeoutMs: number | undefined,
): Uint8Array {
  return new AttributeWriter(nftablesHeader(family))
    .text(NFTA_SET_ELEM_LIST_TABLE, table)
    .text(NFTA_SET_ELEM_LIST_SET, name)
    .nest(NFTA_SET_ELEM_LIST_ELEMENTS, (list) => {
      for (const address of addresses) {
        list.nest(NFTA_LIST_ELEM, (element) => {
          element.nest(NFTA_SET_ELEM_KEY, (key) => key.ip(NFTA_DATA_VALUE, address));
          if (timeoutMs !== undefined) element.u64be(NFTA_SET_ELEM_TIMEOUT, BigInt(Math.ceil(timeoutMs)));
        });
      }
    })
    .done();
}
