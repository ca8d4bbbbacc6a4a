/**
 * The IPv6 counterpart of GARP: an unsolicited neighbour advertisement to ff02::1, hop limit 255.
 *
 * Layout: RFC 4861, sections 4.4 and 4.6.1. The kernel fills in the checksum of a raw ICMPv6 socket.
 */
import {
  ByteReader,
  ByteWriter,
  type Ipv6Address,
  ipBytes,
  ipv6FromBytes,
  type MacAddress,
  macBytes,
  macFromBytes,
} from "@systole/wire";

export const ND_NEIGHBOR_ADVERT = 136;
const ND_OPT_TARGET_LINKADDR = 2;
const FLAG_ROUTER = 0x80;
const FLAG_SOLICITED = 0x40;
const FLAG_OVERRIDE = 0x20;

export interface NeighbourAdvertisement {
  /** The VIP. */
  readonly target: Ipv6Address;
  /** Who has it; undefined if the option is absent. */
  readonly mac: MacAddress | undefined;
  /** The sender forwards packets. Neighbours drop a router from their lists when it stops saying so. */
  readonly router: boolean;
  readonly solicited: boolean;
  /** Believe this rather than what you have. */
  readonly override: boolean;
}

/** @throws DecodeError if it is not a neighbour advertisement. */
export function decodeNeighbourAdvertisement(message: Uint8Array): NeighbourAdvertisement {
  const reader = new ByteReader(message, "neighbour advertisement");
  const type = reader.u8();
  if (type !== ND_NEIGHBOR_ADVERT || reader.u8() !== 0) reader.fail(`ICMPv6 type ${type}`);
  reader.skip(2);
  const flags = reader.u8();
  reader.skip(3);
  const target = ipv6FromBytes(reader.bytes(16));
  return {
    target,
    mac: targetLinkAddress(reader),
    router: (flags & FLAG_ROUTER) !== 0,
    solicited: (flags & FLAG_SOLICITED) !== 0,
    override: (flags & FLAG_OVERRIDE) !== 0,
  };
}

/** Options: u8 type, u8 length in units of eight bytes. */
function targetLinkAddress(reader: ByteReader): MacAddress | undefined {
  while (reader.remaining > 0) {
    const type = reader.u8();
    const length = reader.u8() * 8;
    if (length === 0) reader.fail("option of length 0");
    const value = reader.bytes(length - 2);
    if (type === ND_OPT_TARGET_LINKADDR) return macFromBytes(value);
  }
  return undefined;
}

/** 32 bytes with `mac`, 24 without; the checksum is left 0. */
export function encodeNeighbourAdvertisement(advertisement: NeighbourAdvertisement): Uint8Array {
  const { target, mac, router, solicited, override } = advertisement;
  const flags =
    (router ? FLAG_ROUTER : 0) | (solicited ? FLAG_SOLICITED : 0) | (override ? FLAG_OVERRIDE : 0);
  const writer = new ByteWriter(32)
    .u8(ND_NEIGHBOR_ADVERT)
    .u8(0)
    .u16be(0)
    .u8(flags)
    .zeros(3)
    .bytes(ipBytes(target));
  if (mac !== undefined) writer.u8(ND_OPT_TARGET_LINKADDR).u8(1).bytes(macBytes(mac));
  return writer.done();
}

/** `mac` now answers for `vip`. `router`: forwarding is on, as on a director that does masq. */
export const unsolicitedAdvertisement = (
  mac: MacAddress,
  vip: Ipv6Address,
  router: boolean,
): NeighbourAdvertisement => ({ target: vip, mac, router, solicited: false, override: true });
