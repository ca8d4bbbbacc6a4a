/** Addresses on interfaces, with their lifetime: struct ifaddrmsg and its attributes. */
import {
  ByteReader,
  ByteWriter,
  type Family,
  familyOf,
  type IpAddress,
  ipBytes,
  ipFromBytes,
} from "@systole/wire";
import { Attributes, AttributeWriter } from "../attribute.js";
import type { NetlinkRequest } from "../connection.js";
import { NLM_F_CREATE, NLM_F_EXCL, NLM_F_REPLACE } from "../message.js";
import {
  AF_INET,
  AF_INET6,
  AF_UNSPEC,
  IFA_ADDRESS,
  IFA_BROADCAST,
  IFA_CACHEINFO,
  IFA_FLAGS,
  IFA_LABEL,
  IFA_LOCAL,
  IFA_RT_PRIORITY,
  RTM_DELADDR,
  RTM_GETADDR,
  RTM_NEWADDR,
} from "./constants.js";

const FORMAT = "rtnetlink address";
const IFADDRMSG_BYTES = 8; // u8 family, u8 prefix length, u8 flags, u8 scope, u32 index
/** INFINITY_LIFE_TIME */
const FOR_EVER = 0xffff_ffff;

export interface AddressRecord {
  readonly index: number;
  readonly address: IpAddress;
  /** The other end of a point-to-point link; undefined where it is the address itself. */
  readonly peer?: IpAddress | undefined;
  /** 0 to 32, or to 128. */
  readonly prefixLength: number;
  /** RT_SCOPE_* */
  readonly scope: number;
  /** IFA_F_* bits, all 32 of them. */
  readonly flags: number;
  /** IPv4; at most 15 characters. */
  readonly label?: string | undefined;
  readonly broadcast?: IpAddress | undefined;
  readonly lifetime?: AddressLifetime | undefined;
  /** Metric of the prefix route that comes with it. */
  readonly routePriority?: number | undefined;
}

/** Whole seconds; undefined is for ever. Valid: the kernel removes the address then. Preferred: no source after it. */
export interface AddressLifetime {
  readonly validSeconds: number | undefined;
  readonly preferredSeconds: number | undefined;
}

/** The payload of RTM_NEWADDR or RTM_DELADDR. @throws DecodeError */
export function decodeAddress(payload: Uint8Array): AddressRecord {
  const reader = new ByteReader(payload, FORMAT);
  const family = reader.u8();
  if (family !== AF_INET && family !== AF_INET6) reader.fail(`unknown family ${family}`);
  const prefixLength = reader.u8();
  const shortFlags = reader.u8();
  const scope = reader.u8();
  const index = reader.u32host();
  const attributes = new Attributes(payload, FORMAT, IFADDRMSG_BYTES);
  const remote = attributes.ip(IFA_ADDRESS);
  const address = attributes.need("address", attributes.ip(IFA_LOCAL) ?? remote);
  const broadcast = attributes.bytes(IFA_BROADCAST);
  return {
    index,
    address,
    prefixLength,
    scope,
    peer: remote === address ? undefined : remote,
    flags: attributes.u32host(IFA_FLAGS) ?? shortFlags,
    label: attributes.text(IFA_LABEL),
    broadcast: broadcast && ipFromBytes(broadcast),
    lifetime: decodeLifetime(attributes.bytes(IFA_CACHEINFO)),
    routePriority: attributes.u32host(IFA_RT_PRIORITY),
  };
}

/** struct ifa_cacheinfo: preferred, valid, created, updated. */
function decodeLifetime(cacheInfo: Uint8Array | undefined): AddressLifetime | undefined {
  if (cacheInfo === undefined) return undefined;
  const reader = new ByteReader(cacheInfo, FORMAT);
  const seconds = (value: number) => (value === FOR_EVER ? undefined : value);
  const preferredSeconds = seconds(reader.u32host());
  return { preferredSeconds, validSeconds: seconds(reader.u32host()) };
}

/** As RTM_NEWADDR and RTM_DELADDR carry it. */
export function encodeAddress(record: AddressRecord): Uint8Array {
  const { address, broadcast, label, lifetime, routePriority } = record;
  const family = familyOf(address) === "inet" ? AF_INET : AF_INET6;
  const header = new ByteWriter()
    .u8(family)
    .u8(record.prefixLength)
    .u8(record.flags & 0xff)
    .u8(record.scope)
    .u32host(record.index);
  const attributes = new AttributeWriter(header)
    .bytes(IFA_LOCAL, ipBytes(address))
    .bytes(IFA_ADDRESS, ipBytes(record.peer ?? address));
  if (broadcast !== undefined) attributes.ip(IFA_BROADCAST, broadcast);
  if (label !== undefined) attributes.text(IFA_LABEL, label);
  if (record.flags > 0xff) attributes.u32host(IFA_FLAGS, record.flags);
  if (lifetime !== undefined) attributes.bytes(IFA_CACHEINFO, encodeLifetime(lifetime));
  if (routePriority !== undefined) attributes.u32host(IFA_RT_PRIORITY, routePriority);
  return attributes.done();
}

const encodeLifetime = ({ preferredSeconds, validSeconds }: AddressLifetime): Uint8Array =>
  new ByteWriter(16)
    .u32host(preferredSeconds ?? FOR_EVER)
    .u32host(validSeconds ?? FOR_EVER)
    .u32host(0)
    .u32host(0)
    .done();

/** Adds the address. The kernel answers EEXIST if it is there. */
export const addAddress = (record: AddressRecord): NetlinkRequest => ({
  operation: `add address ${describe(record)}`,
  type: RTM_NEWADDR,
  flags: NLM_F_CREATE | NLM_F_EXCL,
  payload: encodeAddress(record),
});

/** Adds the address, or gives the one that is there this lifetime, and these flags. */
export const putAddress = (record: AddressRecord): NetlinkRequest => ({
  operation: `put address ${describe(record)}`,
  type: RTM_NEWADDR,
  flags: NLM_F_CREATE | NLM_F_REPLACE,
  payload: encodeAddress(record),
});

/** Removes the address. The kernel answers EADDRNOTAVAIL if it is not there. */
export const removeAddress = (record: AddressRecord): NetlinkRequest => ({
  operation: `remove address ${describe(record)}`,
  type: RTM_DELADDR,
  flags: 0,
  payload: encodeAddress(record),
});

/** All addresses, of one family or both. */
export const dumpAddresses = (family?: Family): NetlinkRequest => ({
  operation: "list addresses",
  type: RTM_GETADDR,
  flags: 0,
  payload: new ByteWriter(IFADDRMSG_BYTES).u8(familyNumber(family)).zeros(7).done(),
});

/** AF_* of a family; AF_UNSPEC for both. */
export const familyNumber = (family: Family | undefined): number =>
  family === undefined ? AF_UNSPEC : family === "inet" ? AF_INET : AF_INET6;

const describe = ({ address, prefixLength, index, label }: AddressRecord): string =>
  `${address}/${prefixLength} on interface ${label ?? index}`;
