/** Virtual services of IPVS: the SERVICE nest, and the commands on services. */
import {
  ByteReader,
  ByteWriter,
  DecodeError,
  type Family,
  familyOf,
  formatEndpoint,
  type IpAddress,
  ipBytes,
  ipFromBytes,
} from "@systole/wire";
import type { Attributes, AttributeWriter } from "../attribute.js";
import type { NetlinkRequest } from "../connection.js";
import { decodeGeneric, encodeGeneric } from "../generic.js";
import { AF_INET, AF_INET6 } from "../route/constants.js";
import {
  IPVS_CMD_ATTR_SERVICE,
  IPVS_CMD_DEL_SERVICE,
  IPVS_CMD_FLUSH,
  IPVS_CMD_GET_SERVICE,
  IPVS_CMD_NEW_SERVICE,
  IPVS_CMD_SET_SERVICE,
  IPVS_CMD_ZERO,
  IPVS_GENL_VERSION,
  IPVS_SVC_ATTR_ADDR,
  IPVS_SVC_ATTR_AF,
  IPVS_SVC_ATTR_FLAGS,
  IPVS_SVC_ATTR_FWMARK,
  IPVS_SVC_ATTR_NETMASK,
  IPVS_SVC_ATTR_PE_NAME,
  IPVS_SVC_ATTR_PORT,
  IPVS_SVC_ATTR_PROTOCOL,
  IPVS_SVC_ATTR_SCHED_NAME,
  IPVS_SVC_ATTR_STATS,
  IPVS_SVC_ATTR_STATS64,
  IPVS_SVC_ATTR_TIMEOUT,
} from "./constants.js";
import { decodeStats, type IpvsStats, writeStats } from "./stats.js";

const FORMAT = "ipvs service";

/** Which packets. */
export type IpvsServiceId =
  | {
      readonly kind: "address";
      /** 6 TCP, 17 UDP, 132 SCTP. */
      readonly protocol: number;
      readonly address: IpAddress;
      /** 0: every port; only with persistence. */
      readonly port: number;
    }
  | { readonly kind: "fwmark"; readonly family: Family; readonly fwmark: number };

export interface IpvsService {
  readonly id: IpvsServiceId;
  /** At most 15 characters; the kernel loads its module. */
  readonly scheduler: string;
  /** IP_VS_SVC_F_*; the kernel adds HASHED. */
  readonly flags: number;
  /** Persistence; 0 when not persistent. */
  readonly timeoutSeconds: number;
  /** Granularity of persistence: 0 to 32, or to 128. */
  readonly prefixLength: number;
  /** `sip`. */
  readonly persistenceEngine?: string | undefined;
  /** Answers only. */
  readonly stats?: IpvsStats | undefined;
}

/** The service in an answer to GET_SERVICE. @throws DecodeError */
export function decodeService(payload: Uint8Array): IpvsService {
  const { attributes } = decodeGeneric(payload, FORMAT);
  return readService(attributes.need("service", attributes.nest(IPVS_CMD_ATTR_SERVICE)));
}

function readService(nest: Attributes): IpvsService {
  const family = readFamily(nest.need("address family", nest.u16host(IPVS_SVC_ATTR_AF)));
  return {
    id: readId(nest, family),
    scheduler: nest.need("scheduler", nest.text(IPVS_SVC_ATTR_SCHED_NAME)),
    flags: nest.u32host(IPVS_SVC_ATTR_FLAGS) ?? 0, // {flags, mask}
    timeoutSeconds: nest.u32host(IPVS_SVC_ATTR_TIMEOUT) ?? 0,
    prefixLength: readPrefixLength(nest, family),
    persistenceEngine: nest.text(IPVS_SVC_ATTR_PE_NAME),
    stats: decodeStats(nest.nest(IPVS_SVC_ATTR_STATS64), nest.nest(IPVS_SVC_ATTR_STATS)),
  };
}

function readFamily(number: number): Family {
  if (number === AF_INET) return "inet";
  if (number === AF_INET6) return "inet6";
  throw new DecodeError(FORMAT, 0, `unknown family ${number}`);
}

function readId(nest: Attributes, family: Family): IpvsServiceId {
  const fwmark = nest.u32host(IPVS_SVC_ATTR_FWMARK);
  if (fwmark !== undefined && fwmark !== 0) return { kind: "fwmark", family, fwmark };
  return {
    kind: "address",
    protocol: nest.need("protocol", nest.u16host(IPVS_SVC_ATTR_PROTOCOL)),
    address: readIpvsAddress(nest.need("address", nest.bytes(IPVS_SVC_ATTR_ADDR)), family, FORMAT),
    port: nest.need("port", nest.u16be(IPVS_SVC_ATTR_PORT)),
  };
}

/** IPv4: a mask in network order. IPv6: a prefix length in host order. */
function readPrefixLength(nest: Attributes, family: Family): number {
  const value = family === "inet" ? nest.u32be(IPVS_SVC_ATTR_NETMASK) : nest.u32host(IPVS_SVC_ATTR_NETMASK);
  if (family === "inet") return value === undefined ? 32 : Math.clz32(~value >>> 0);
  return value ?? 128;
}

/** 16 bytes on the wire; an IPv4 address stands in the first four. */
export function readIpvsAddress(bytes: Uint8Array, family: Family, format: string): IpAddress {
  const address = new ByteReader(bytes, format).bytes(family === "inet" ? 4 : 16);
  return ipFromBytes(address)!; // exactly 4 or 16 bytes
}

export function ipvsAddressBytes(address: IpAddress): Uint8Array {
  const bytes = new Uint8Array(16);
  bytes.set(ipBytes(address));
  return bytes;
}

/** What names a service in every command. */
export function writeServiceId(nest: AttributeWriter, id: IpvsServiceId): void {
  const family = id.kind === "fwmark" ? id.family : familyOf(id.address);
  nest.u16host(IPVS_SVC_ATTR_AF, family === "inet" ? AF_INET : AF_INET6);
  if (id.kind === "fwmark") nest.u32host(IPVS_SVC_ATTR_FWMARK, id.fwmark);
  else {
    nest
      .u16host(IPVS_SVC_ATTR_PROTOCOL, id.protocol)
      .bytes(IPVS_SVC_ATTR_ADDR, ipvsAddressBytes(id.address))
      .u16be(IPVS_SVC_ATTR_PORT, id.port);
  }
}

/** Everything that NEW_SERVICE and SET_SERVICE need. */
export function writeService(nest: AttributeWriter, service: IpvsService): void {
  const { id, prefixLength, persistenceEngine } = service;
  writeServiceId(nest, id);
  nest
    .text(IPVS_SVC_ATTR_SCHED_NAME, service.scheduler)
    .bytes(IPVS_SVC_ATTR_FLAGS, flagsAndMask(service.flags))
    .u32host(IPVS_SVC_ATTR_TIMEOUT, service.timeoutSeconds);
  const family = id.kind === "fwmark" ? id.family : familyOf(id.address);
  if (family === "inet") nest.u32be(IPVS_SVC_ATTR_NETMASK, ipv4Mask(prefixLength));
  else nest.u32host(IPVS_SVC_ATTR_NETMASK, prefixLength);
  if (persistenceEngine !== undefined) nest.text(IPVS_SVC_ATTR_PE_NAME, persistenceEngine);
  if (service.stats !== undefined) writeStats(nest, IPVS_SVC_ATTR_STATS64, service.stats);
}

/** All bits are ours to set; the kernel keeps HASHED for itself. */
const flagsAndMask = (flags: number): Uint8Array =>
  new ByteWriter(8).u32host(flags).u32host(0xffff_ffff).done();

const ipv4Mask = (prefixLength: number): number =>
  prefixLength === 0 ? 0 : (0xffff_ffff << (32 - prefixLength)) >>> 0;

/** The payload of a command on one service; also what the kernel answers to GET_SERVICE (for fakes). */
export const encodeService = (command: number, service: IpvsService): Uint8Array =>
  encodeGeneric(command, IPVS_GENL_VERSION, (attributes) =>
    attributes.nest(IPVS_CMD_ATTR_SERVICE, (nest) => writeService(nest, service)),
  );

const named = (command: number, id: IpvsServiceId): Uint8Array =>
  encodeGeneric(command, IPVS_GENL_VERSION, (attributes) =>
    attributes.nest(IPVS_CMD_ATTR_SERVICE, (nest) => writeServiceId(nest, id)),
  );

/** `tcp 192.0.2.10:80`, `fwmark 5 inet6`: for errors. */
export function describeService(id: IpvsServiceId): string {
  if (id.kind === "fwmark") return `fwmark ${id.fwmark} ${id.family}`;
  const names: Readonly<Record<number, string>> = { 6: "tcp", 17: "udp", 132: "sctp" };
  return `${names[id.protocol] ?? id.protocol} ${formatEndpoint(id)}`;
}

/** `family`: the number that `getFamily("IPVS")` found. */
const request = (family: number, operation: string, payload: Uint8Array): NetlinkRequest => ({
  operation,
  type: family,
  flags: 0,
  payload,
});

/** The kernel answers EEXIST if it is there, ENOENT for an unknown scheduler. */
export const newService = (family: number, service: IpvsService): NetlinkRequest =>
  request(family, `add service ${describeService(service.id)}`, encodeService(IPVS_CMD_NEW_SERVICE, service));

/** The kernel answers ESRCH if it is not there. Connections stay. */
export const setService = (family: number, service: IpvsService): NetlinkRequest =>
  request(
    family,
    `change service ${describeService(service.id)}`,
    encodeService(IPVS_CMD_SET_SERVICE, service),
  );

/** The kernel answers ESRCH if it is not there. */
export const deleteService = (family: number, id: IpvsServiceId): NetlinkRequest =>
  request(family, `remove service ${describeService(id)}`, named(IPVS_CMD_DEL_SERVICE, id));

/** One service. The kernel answers ESRCH if it is not there. */
export const getService = (family: number, id: IpvsServiceId): NetlinkRequest =>
  request(family, `read service ${describeService(id)}`, named(IPVS_CMD_GET_SERVICE, id));

/** Every service of this network namespace. */
export const dumpServices = (family: number): NetlinkRequest =>
  request(family, "list services", encodeGeneric(IPVS_CMD_GET_SERVICE, IPVS_GENL_VERSION));

/** Sets the counters of one service, or of all, to zero. */
export const zeroCounters = (family: number, id?: IpvsServiceId): NetlinkRequest =>
  request(
    family,
    "zero the counters",
    id === undefined ? encodeGeneric(IPVS_CMD_ZERO, IPVS_GENL_VERSION) : named(IPVS_CMD_ZERO, id),
  );

/** Empties the whole table, whoever filled it: for tests that own their namespace. */
export const flushTable = (family: number): NetlinkRequest =>
  request(family, "flush the table", encodeGeneric(IPVS_CMD_FLUSH, IPVS_GENL_VERSION));
