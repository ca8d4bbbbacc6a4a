/**
 * A classic packet filter that lets in ARP whose sender claims one of some addresses, and nothing else.
 *
 * For a packet socket of type SOCK_DGRAM, whose packets begin behind the link header; the sender's address is byte 14
 * of ARP (arp.ts).
 */
import { type Ipv4Address, ipBytes } from "@systole/wire";
import { assembleFilter, FARTHEST_JUMP, type Instruction } from "../packet-filter.js";

const LOAD_WORD = 0x20;
const JUMP_IF_EQUAL = 0x15;
const RETURN = 0x06;
const SENDER_IP = 14;
const WHOLE_PACKET = 0xffff;

/** Addresses beyond the first 255 are not let in. */
export function arpSenderFilter(claimed: readonly Ipv4Address[]): Uint8Array {
  const addresses = claimed.slice(0, FARTHEST_JUMP);
  return assembleFilter([
    [LOAD_WORD, 0, 0, SENDER_IP],
    ...addresses.map(
      (address, index): Instruction => [JUMP_IF_EQUAL, addresses.length - index, 0, operand(address)],
    ),
    [RETURN, 0, 0, 0],
    [RETURN, 0, 0, WHOLE_PACKET],
  ]);
}

const operand = (address: Ipv4Address): number => new DataView(ipBytes(address).slice().buffer).getUint32(0);
