/** Routes: struct rtmsg and its attributes. */
import { ByteReader, ByteWriter, type Family, familyOf, type IpAddress, ipBytes } from "@systole/wire";
import { Attributes, AttributeWriter } from "../attribute.js";
import type { NetlinkRequest } from "../connection.js";
import { NLM_F_CREATE, NLM_F_EXCL, NLM_F_REPLACE } from "../message.js";
import { familyNumber } from "./address.js";
import {
  AF_INET,
  AF_INET6,
  RTA_DST,
  RTA_GATEWAY,
  RTA_OIF,
  RTA_PREFSRC,
  RTA_PRIORITY,
  RTA_TABLE,
  RTM_DELROUTE,
  RTM_GETROUTE,
  RTM_NEWROUTE,
} from "./constants.js";

const FORMAT = "rtnetlink route";
/** u8 each: family, destination length, source length, TOS, table, protocol, scope, type; u32 flags. */
const RTMSG_BYTES = 12;

export interface RouteRecord {
  readonly family: Family;
  /** Undefined is the default route. */
  readonly destination?: IpAddress | undefined;
  readonly destinationLength: number;
  /** RT_TABLE_*: 254 is main, 255 local. */
  readonly table: number;
  /** RTPROT_*: 2 the kernel itself, 4 an administrator. */
  readonly protocol: number;
  /** RT_SCOPE_* */
  readonly scope: number;
  /** RTN_*: 1 unicast, 2 local, 3 broadcast, 7 unreachable. */
  readonly type: number;
  readonly gateway?: IpAddress | undefined;
  /** Interface index. */
  readonly outInterface?: number | undefined;
  readonly preferredSource?: IpAddress | undefined;
  /** The metric. */
  readonly priority?: number | undefined;
}

/** The payload of RTM_NEWROUTE or RTM_DELROUTE. @throws DecodeError, also for routes that are not IPv4 or IPv6. */
export function decodeRoute(payload: Uint8Array): RouteRecord {
  const reader = new ByteReader(payload, FORMAT);
  const family = reader.u8();
  if (family !== AF_INET && family !== AF_INET6) reader.fail(`unknown family ${family}`);
  const destinationLength = reader.u8();
  reader.skip(2);
  const [table, protocol, scope, type] = [reader.u8(), reader.u8(), reader.u8(), reader.u8()];
  const attributes = new Attributes(payload, FORMAT, RTMSG_BYTES);
  return {
    family: family === AF_INET ? "inet" : "inet6",
    destination: attributes.ip(RTA_DST),
    destinationLength,
    table: attributes.u32host(RTA_TABLE) ?? table,
    protocol,
    scope,
    type,
    gateway: attributes.ip(RTA_GATEWAY),
    outInterface: attributes.u32host(RTA_OIF),
    preferredSource: attributes.ip(RTA_PREFSRC),
    priority: attributes.u32host(RTA_PRIORITY),
  };
}

export function encodeRoute(route: RouteRecord): Uint8Array {
  const header = new ByteWriter()
    .u8(familyNumber(route.family))
    .u8(route.destinationLength)
    .zeros(2)
    .u8(route.table > 255 ? 0 : route.table)
    .u8(route.protocol)
    .u8(route.scope)
    .u8(route.type)
    .u32host(0);
  const attributes = new AttributeWriter(header);
  if (route.table > 255) attributes.u32host(RTA_TABLE, route.table);
  if (route.destination !== undefined) attributes.ip(RTA_DST, route.destination);
  if (route.gateway !== undefined) attributes.ip(RTA_GATEWAY, route.gateway);
  if (route.outInterface !== undefined) attributes.u32host(RTA_OIF, route.outInterface);
  if (route.preferredSource !== undefined) attributes.ip(RTA_PREFSRC, route.preferredSource);
  if (route.priority !== undefined) attributes.u32host(RTA_PRIORITY, route.priority);
  return attributes.done();
}

/** All routes of all tables, of one family or both. Entries of other families (multicast routing) may be among them. */
export const dumpRoutes = (family?: Family): NetlinkRequest => ({
  operation: "list routes",
  type: RTM_GETROUTE,
  flags: 0,
  payload: new ByteWriter(RTMSG_BYTES).u8(familyNumber(family)).zeros(11).done(),
});

/** The route that a packet to `destination` would take: outgoing interface, gateway, source. */
export function getRoute(destination: IpAddress): NetlinkRequest {
  const bytes = ipBytes(destination);
  const header = new ByteWriter()
    .u8(familyNumber(familyOf(destination)))
    .u8(bytes.length * 8)
    .zeros(10);
  return {
    operation: `find the route to ${destination}`,
    type: RTM_GETROUTE,
    flags: 0,
    payload: new AttributeWriter(header).bytes(RTA_DST, bytes).done(),
  };
}

/** The kernel answers EEXIST if it is there, ENETUNREACH for a gateway it cannot reach. */
export const addRoute = (route: RouteRecord): NetlinkRequest => ({
  operation: `add route ${describe(route)}`,
  type: RTM_NEWROUTE,
  flags: NLM_F_CREATE | NLM_F_EXCL,
  payload: encodeRoute(route),
});

/** The route takes the place of the one with its destination, table and metric. */
export const replaceRoute = (route: RouteRecord): NetlinkRequest => ({
  operation: `replace route ${describe(route)}`,
  type: RTM_NEWROUTE,
  flags: NLM_F_CREATE | NLM_F_REPLACE,
  payload: encodeRoute(route),
});

/** The kernel answers ESRCH if it is not there. */
export const removeRoute = (route: RouteRecord): NetlinkRequest => ({
  operation: `remove route ${describe(route)}`,
  type: RTM_DELROUTE,
  flags: 0,
  payload: encodeRoute(route),
});

const describe = ({ destination, destinationLength }: RouteRecord): string =>
  destination === undefined ? "default" : `${destination}/${destinationLength}`;
