/** Ethernet: what stands in front of a payload. IEEE 802.3. */
import { ByteReader, ByteWriter, type MacAddress, macBytes, macFromBytes, parseMac } from "@systole/wire";

export const ETH_P_IP = 0x0800;
export const ETH_P_ARP = 0x0806;
export const ETH_P_IPV6 = 0x86dd;

/** ff:ff:ff:ff:ff:ff */
export const BROADCAST_MAC: MacAddress = parseMac("ff:ff:ff:ff:ff:ff")!; // six octets, so it parses

export interface EthernetFrame {
  readonly destination: MacAddress;
  readonly source: MacAddress;
  readonly etherType: number;
  readonly payload: Uint8Array;
}

/** @throws DecodeError if it is shorter than the 14 bytes of the header. */
export function decodeEthernet(frame: Uint8Array): EthernetFrame {
  const reader = new ByteReader(frame, "ethernet");
  const destination = macFromBytes(reader.bytes(6));
  const source = macFromBytes(reader.bytes(6));
  const etherType = reader.u16be();
  return { destination, source, etherType, payload: reader.rest() };
}

export const encodeEthernet = (frame: EthernetFrame): Uint8Array =>
  new ByteWriter()
    .bytes(macBytes(frame.destination))
    .bytes(macBytes(frame.source))
    .u16be(frame.etherType)
    .bytes(frame.payload)
    .done();
