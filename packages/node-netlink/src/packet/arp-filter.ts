/**
 * A classic packet filter that lets in ARP whose sender claims one of some addresses, and nothing else.
 *
 * For a packet socket of type SOCK_DGRAM, whose packets begin behind the link header. An instruction is 8 bytes in this
 * machine's byte order: u16 code, u8 and u8 jumps if true and if not, u32 operand.
 * Source: Documentation/networking/filter.rst; the sender's address is byte 14 of ARP (arp.ts).
 */
import { type Ipv4Address, ipBytes } from "@systole/wire";

const LOAD_WORD = 0x20;
const JUMP_IF_EQUAL = 0x15;
const RETURN = 0x06;
const SENDER_IP = 14;
const WHOLE_PACKET = 0xffff;

/** A jump is one byte. */
const MOST = 255;

/** Addresses beyond the first 255 are not let in. */
export function arpSenderFilter(claimed: readonly Ipv4Address[]): Uint8Array {
  const addresses = claimed.slice(0, MOST);
  const program = [
    [LOAD_WORD, 0, 0, SENDER_IP],
    ...addresses.map((address, index) => [JUMP_IF_EQUAL, addresses.length - index, 0, operand(address)]),
    [RETURN, 0, 0, 0],
    [RETURN, 0, 0, WHOLE_PACKET],
  ];
  const bytes = new Uint8Array(8 * program.length);
  for (const [index, [code, ifTrue, ifNot, value]] of program.entries()) {
    const at = 8 * index;
    new Uint16Array(bytes.buffer, at, 1)[0] = code!;
    bytes[at + 2] = ifTrue!;
    bytes[at + 3] = ifNot!;
    new Uint32Array(bytes.buffer, at + 4, 1)[0] = value!;
  }
  return bytes;
}

const operand = (address: Ipv4Address): number => new DataView(ipBytes(address).slice().buffer).getUint32(0);
