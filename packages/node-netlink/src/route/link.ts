/** Network interfaces: struct ifinfomsg and its attributes. */
import { ByteReader, ByteWriter, type MacAddress, macBytes, macFromBytes } from "@systole/wire";
import { Attributes, AttributeWriter } from "../attribute.js";
import type { NetlinkRequest } from "../connection.js";
import {
  IFF_UP,
  IFLA_ADDRESS,
  IFLA_CARRIER,
  IFLA_IFNAME,
  IFLA_INFO_KIND,
  IFLA_LINKINFO,
  IFLA_MASTER,
  IFLA_MTU,
  IFLA_OPERSTATE,
  RTM_GETLINK,
  RTM_NEWLINK,
} from "./constants.js";

const FORMAT = "rtnetlink link";
const IFINFOMSG_BYTES = 16; // u8 family, pad, u16 type, i32 index, u32 flags, u32 change

export interface LinkRecord {
  readonly index: number;
  readonly name: string;
  /** IFF_* bits. */
  readonly flags: number;
  /** Six bytes long on Ethernet and lo; undefined on links with other addresses. */
  readonly mac?: MacAddress | undefined;
  readonly mtu?: number | undefined;
  /** IF_OPER_*: 2 down, 3 lower layer down, 6 up; 0 on links that do not know, such as lo. */
  readonly operationalState?: number | undefined;
  readonly carrier?: boolean | undefined;
  /** Index of the bridge or bond it belongs to. */
  readonly master?: number | undefined;
  /** `veth`, `bridge`, `dummy`; undefined for hardware. */
  readonly kind?: string | undefined;
}

/** The payload of RTM_NEWLINK or RTM_DELLINK. @throws DecodeError */
export function decodeLink(payload: Uint8Array): LinkRecord {
  const reader = new ByteReader(payload, FORMAT);
  reader.skip(4);
  const index = reader.i32host();
  const flags = reader.u32host();
  const attributes = new Attributes(payload, FORMAT, IFINFOMSG_BYTES);
  const address = attributes.bytes(IFLA_ADDRESS);
  const carrier = attributes.u8(IFLA_CARRIER);
  return {
    index,
    flags,
    name: attributes.need("name", attributes.text(IFLA_IFNAME)),
    mac: address?.length === 6 ? macFromBytes(address) : undefined,
    mtu: attributes.u32host(IFLA_MTU),
    operationalState: attributes.u8(IFLA_OPERSTATE),
    carrier: carrier === undefined ? undefined : carrier !== 0,
    master: attributes.u32host(IFLA_MASTER),
    kind: attributes.nest(IFLA_LINKINFO)?.text(IFLA_INFO_KIND),
  };
}

/** As the kernel would say it; for fakes and tests. */
export function encodeLink(link: LinkRecord): Uint8Array {
  const attributes = new AttributeWriter(ifinfomsg(link.index, link.flags, 0)).text(IFLA_IFNAME, link.name);
  if (link.mac !== undefined) attributes.bytes(IFLA_ADDRESS, macBytes(link.mac));
  if (link.mtu !== undefined) attributes.u32host(IFLA_MTU, link.mtu);
  if (link.operationalState !== undefined) attributes.u8(IFLA_OPERSTATE, link.operationalState);
  if (link.carrier !== undefined) attributes.u8(IFLA_CARRIER, link.carrier ? 1 : 0);
  if (link.master !== undefined) attributes.u32host(IFLA_MASTER, link.master);
  const { kind } = link;
  if (kind !== undefined) attributes.nest(IFLA_LINKINFO, (info) => info.text(IFLA_INFO_KIND, kind));
  return attributes.done();
}

/** Every interface. */
export const dumpLinks = (): NetlinkRequest => ({
  operation: "list interfaces",
  type: RTM_GETLINK,
  flags: 0,
  payload: ifinfomsg(0, 0, 0).done(),
});

/** One interface by name. The kernel answers ENODEV if there is none. */
export const getLink = (name: string): NetlinkRequest => ({
  operation: `find interface ${name}`,
  type: RTM_GETLINK,
  flags: 0,
  payload: new AttributeWriter(ifinfomsg(0, 0, 0)).text(IFLA_IFNAME, name).done(),
});

/** Administratively up or down. */
export const setLinkUp = (index: number, up: boolean): NetlinkRequest => ({
  operation: `set interface ${index} ${up ? "up" : "down"}`,
  type: RTM_NEWLINK,
  flags: 0,
  payload: ifinfomsg(index, up ? IFF_UP : 0, IFF_UP).done(),
});

function ifinfomsg(index: number, flags: number, change: number): ByteWriter {
  return new ByteWriter().u32host(0).i32host(index).u32host(flags).u32host(change);
}
