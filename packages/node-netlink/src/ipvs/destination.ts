/** Real servers of IPVS: the DEST nest, and the commands on real servers. */
import { type Endpoint, type Family, familyOf, formatEndpoint } from "@systole/wire";
import type { AttributeWriter } from "../attribute.js";
import type { NetlinkRequest } from "../connection.js";
import { decodeGeneric, encodeGeneric } from "../generic.js";
import { AF_INET, AF_INET6 } from "../route/constants.js";
import {
  IP_VS_CONN_F_FWD_MASK,
  IPVS_CMD_ATTR_DEST,
  IPVS_CMD_ATTR_SERVICE,
  IPVS_CMD_DEL_DEST,
  IPVS_CMD_GET_DEST,
  IPVS_CMD_NEW_DEST,
  IPVS_CMD_SET_DEST,
  IPVS_DEST_ATTR_ACTIVE_CONNS,
  IPVS_DEST_ATTR_ADDR,
  IPVS_DEST_ATTR_ADDR_FAMILY,
  IPVS_DEST_ATTR_FWD_METHOD,
  IPVS_DEST_ATTR_INACT_CONNS,
  IPVS_DEST_ATTR_L_THRESH,
  IPVS_DEST_ATTR_PERSIST_CONNS,
  IPVS_DEST_ATTR_PORT,
  IPVS_DEST_ATTR_STATS,
  IPVS_DEST_ATTR_STATS64,
  IPVS_DEST_ATTR_TUN_FLAGS,
  IPVS_DEST_ATTR_TUN_PORT,
  IPVS_DEST_ATTR_TUN_TYPE,
  IPVS_DEST_ATTR_U_THRESH,
  IPVS_DEST_ATTR_WEIGHT,
  IPVS_GENL_VERSION,
} from "./constants.js";
import {
  describeService,
  type IpvsServiceId,
  ipvsAddressBytes,
  readIpvsAddress,
  writeServiceId,
} from "./service.js";
import { decodeStats, type IpvsStats, writeStats } from "./stats.js";

const FORMAT = "ipvs real server";

export interface IpvsDestination {
  readonly endpoint: Endpoint;
  /** IP_VS_CONN_F_*: 0 masq, 1 local, 2 tunnel, 3 gate, 4 bypass. */
  readonly forwarding: number;
  readonly weight: number;
  /** Connections above which no new one is sent here; 0 is no limit. */
  readonly upperThreshold: number;
  readonly lowerThreshold: number;
  readonly tunnel?: IpvsTunnel | undefined;
  /** Answers only. */
  readonly connections?: IpvsConnections | undefined;
  readonly stats?: IpvsStats | undefined;
}

export interface IpvsTunnel {
  /** 0 ipip, 1 gue, 2 gre. */
  readonly type: number;
  /** gue. */
  readonly port: number;
  /** 0 none, 1 checksum, 2 remote checksum. */
  readonly flags: number;
}

export interface IpvsConnections {
  readonly active: number;
  readonly inactive: number;
  readonly persistent: number;
}

/**
 * The real server in an answer to GET_DEST.
 * @param service the family of its service, for kernels before 3.18, which do not tell the real server's own
 * @throws DecodeError
 */
export function decodeDestination(payload: Uint8Array, service: Family = "inet"): IpvsDestination {
  const { attributes } = decodeGeneric(payload, FORMAT);
  const nest = attributes.need("real server", attributes.nest(IPVS_CMD_ATTR_DEST));
  const told = nest.u16host(IPVS_DEST_ATTR_ADDR_FAMILY);
  const family = told === undefined ? service : told === AF_INET6 ? "inet6" : "inet";
  const address = readIpvsAddress(nest.need("address", nest.bytes(IPVS_DEST_ATTR_ADDR)), family, FORMAT);
  const type = nest.u8(IPVS_DEST_ATTR_TUN_TYPE);
  return {
    endpoint: { address, port: nest.need("port", nest.u16be(IPVS_DEST_ATTR_PORT)) },
    forwarding: (nest.u32host(IPVS_DEST_ATTR_FWD_METHOD) ?? 0) & IP_VS_CONN_F_FWD_MASK,
    weight: nest.i32host(IPVS_DEST_ATTR_WEIGHT) ?? 0,
    upperThreshold: nest.u32host(IPVS_DEST_ATTR_U_THRESH) ?? 0,
    lowerThreshold: nest.u32host(IPVS_DEST_ATTR_L_THRESH) ?? 0,
    tunnel:
      type === undefined
        ? undefined
        : {
            type,
            port: nest.u16be(IPVS_DEST_ATTR_TUN_PORT) ?? 0,
            flags: nest.u16host(IPVS_DEST_ATTR_TUN_FLAGS) ?? 0,
          },
    connections: {
      active: nest.u32host(IPVS_DEST_ATTR_ACTIVE_CONNS) ?? 0,
      inactive: nest.u32host(IPVS_DEST_ATTR_INACT_CONNS) ?? 0,
      persistent: nest.u32host(IPVS_DEST_ATTR_PERSIST_CONNS) ?? 0,
    },
    stats: decodeStats(nest.nest(IPVS_DEST_ATTR_STATS64), nest.nest(IPVS_DEST_ATTR_STATS)),
  };
}

function writeEndpoint(nest: AttributeWriter, { address, port }: Endpoint): void {
  nest
    .u16host(IPVS_DEST_ATTR_ADDR_FAMILY, familyOf(address) === "inet" ? AF_INET : AF_INET6)
    .bytes(IPVS_DEST_ATTR_ADDR, ipvsAddressBytes(address))
    .u16be(IPVS_DEST_ATTR_PORT, port);
}

function writeDestination(nest: AttributeWriter, real: IpvsDestination): void {
  writeEndpoint(nest, real.endpoint);
  nest
    .u32host(IPVS_DEST_ATTR_FWD_METHOD, real.forwarding)
    .u32host(IPVS_DEST_ATTR_WEIGHT, real.weight)
    .u32host(IPVS_DEST_ATTR_U_THRESH, real.upperThreshold)
    .u32host(IPVS_DEST_ATTR_L_THRESH, real.lowerThreshold);
  const { tunnel, connections, stats } = real;
  if (tunnel !== undefined) {
    nest
      .u8(IPVS_DEST_ATTR_TUN_TYPE, tunnel.type)
      .u16be(IPVS_DEST_ATTR_TUN_PORT, tunnel.port)
      .u16host(IPVS_DEST_ATTR_TUN_FLAGS, tunnel.flags);
  }
  if (connections !== undefined) {
    nest
      .u32host(IPVS_DEST_ATTR_ACTIVE_CONNS, connections.active)
      .u32host(IPVS_DEST_ATTR_INACT_CONNS, connections.inactive)
      .u32host(IPVS_DEST_ATTR_PERSIST_CONNS, connections.persistent);
  }
  if (stats !== undefined) writeStats(nest, IPVS_DEST_ATTR_STATS64, stats);
}

/** What the kernel answers to GET_DEST: for fakes and tests. */
export const encodeDestination = (real: IpvsDestination): Uint8Array =>
  encodeGeneric(IPVS_CMD_NEW_DEST, IPVS_GENL_VERSION, (attributes) =>
    attributes.nest(IPVS_CMD_ATTR_DEST, (nest) => writeDestination(nest, real)),
  );

function request(
  family: number,
  command: number,
  operation: string,
  service: IpvsServiceId,
  write?: (nest: AttributeWriter) => void,
): NetlinkRequest {
  const payload = encodeGeneric(command, IPVS_GENL_VERSION, (attributes) => {
    attributes.nest(IPVS_CMD_ATTR_SERVICE, (nest) => writeServiceId(nest, service));
    if (write !== undefined) attributes.nest(IPVS_CMD_ATTR_DEST, write);
  });
  return { operation, type: family, flags: 0, payload };
}

const described = (verb: string, endpoint: Endpoint, preposition: string, service: IpvsServiceId): string =>
  `${verb} real server ${formatEndpoint(endpoint)} ${preposition} ${describeService(service)}`;

/** The kernel answers EEXIST if it is there, ESRCH if its service is not. */
export const newDestination = (
  family: number,
  service: IpvsServiceId,
  real: IpvsDestination,
): NetlinkRequest =>
  request(family, IPVS_CMD_NEW_DEST, described("add", real.endpoint, "to", service), service, (nest) =>
    writeDestination(nest, real),
  );

/** Changes weight, thresholds or forwarding; connections stay. The kernel answers ENOENT if it is not there. */
export const setDestination = (
  family: number,
  service: IpvsServiceId,
  real: IpvsDestination,
): NetlinkRequest =>
  request(family, IPVS_CMD_SET_DEST, described("change", real.endpoint, "of", service), service, (nest) =>
    writeDestination(nest, real),
  );

/** The kernel answers ENOENT if it is not there. */
export const deleteDestination = (
  family: number,
  service: IpvsServiceId,
  endpoint: Endpoint,
): NetlinkRequest =>
  request(family, IPVS_CMD_DEL_DEST, described("remove", endpoint, "from", service), service, (nest) =>
    writeEndpoint(nest, endpoint),
  );

/** The real servers of one service; of a missing service the kernel answers none, and no error. */
export const dumpDestinations = (family: number, service: IpvsServiceId): NetlinkRequest =>
  request(family, IPVS_CMD_GET_DEST, `list real servers of ${describeService(service)}`, service);
