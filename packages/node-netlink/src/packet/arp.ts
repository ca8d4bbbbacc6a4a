/**
 * ARP for Ethernet and IPv4: the 28 bytes behind EtherType 0x0806.
 *
 * Layout: RFC 826. Gratuitous announcement: RFC 5227, section 1.1.
 * Pure: builds and reads bytes; `@systole/kernel` puts them on the wire after a VIP came up.
 */
import {
  ByteReader,
  ByteWriter,
  type Ipv4Address,
  ipBytes,
  ipv4FromBytes,
  type MacAddress,
  macBytes,
  macFromBytes,
  parseMac,
} from "@systole/wire";

export const ARPOP_REQUEST = 1;
export const ARPOP_REPLY = 2;

const ETHERNET_IPV4 = 0x0001_0800; // u16 hardware type, u16 protocol type
const LENGTHS = 0x0604; // u8 hardware length, u8 protocol length
const NOBODY: MacAddress = parseMac("00:00:00:00:00:00")!; // six octets, so it parses

const NO_ADDRESS: Ipv4Address = ipv4FromBytes(new Uint8Array(4));

export interface Arp {
  /** ARPOP_* */
  readonly operation: number;
  readonly senderMac: MacAddress;
  readonly senderIp: Ipv4Address;
  readonly targetMac: MacAddress;
  readonly targetIp: Ipv4Address;
}

/**
 * Reads one ARP packet, the Ethernet header already removed. Padding behind byte 28 is ignored.
 *
 * @throws DecodeError if it is shorter than 28 bytes or not Ethernet and IPv4.
 */
export function decodeArp(packet: Uint8Array): Arp {
  const reader = new ByteReader(packet, "arp");
  if (reader.u32be() !== ETHERNET_IPV4 || reader.u16be() !== LENGTHS) reader.fail("not Ethernet and IPv4");
  return {
    operation: reader.u16be(),
    senderMac: macFromBytes(reader.bytes(6)),
    senderIp: ipv4FromBytes(reader.bytes(4)),
    targetMac: macFromBytes(reader.bytes(6)),
    targetIp: ipv4FromBytes(reader.bytes(4)),
  };
}

/** Who has this VIP? Asked in nobody's name, so that no cache changes (RFC 5227, section 1.1: a probe). */
export const probeOf = (mac: MacAddress, vip: Ipv4Address): Arp => ({
  operation: ARPOP_REQUEST,
  senderMac: mac,
  senderIp: NO_ADDRESS,
  targetMac: NOBODY,
  targetIp: vip,
});

export const encodeArp = (arp: Arp): Uint8Array =>
  new ByteWriter(28)
    .u32be(ETHERNET_IPV4)
    .u16be(LENGTHS)
    .u16be(arp.operation)
    .bytes(macBytes(arp.senderMac))
    .bytes(ipBytes(arp.senderIp))
    .bytes(macBytes(arp.targetMac))
    .bytes(ipBytes(arp.targetIp))
    .done();

/** The gratuitous ARP that moves a VIP: `mac` now answers for `vip`. Sender and target are both the VIP. */
export const announcement = (mac: MacAddress, vip: Ipv4Address): Arp => ({
  operation: ARPOP_REQUEST,
  senderMac: mac,
  senderIp: vip,
  targetMac: NOBODY,
  targetIp: vip,
});

/** The same as a reply: some neighbours believe only this form. */
export const announcementReply = (mac: MacAddress, vip: Ipv4Address): Arp => ({
  operation: ARPOP_REPLY,
  senderMac: mac,
  senderIp: vip,
  targetMac: mac,
  targetIp: vip,
});
