/** Address pairs, ports and tuples inside attributes: the part that flow and expectation messages share. */
import type { Tuple } from "@systole/node-netlink";
import {
  type ByteWriter,
  DecodeError,
  type IpAddress,
  ipBytes,
  ipv4FromBytes,
  ipv6FromBytes,
  isIpv4,
} from "@systole/wire";
import { type AttributeIndex, writeU8 } from "./attribute.js";

/** The four attribute numbers that together carry one tuple. */
export interface TupleAttributes {
  readonly ipv4: number;
  readonly ipv6: number;
  readonly protocol: number;
  readonly port: number;
}

export const IPPROTO_ICMP = 1;
export const IPPROTO_TCP = 6;
export const IPPROTO_UDP = 17;
export const IPPROTO_DCCP = 33;
export const IPPROTO_ICMPV6 = 58;
export const IPPROTO_SCTP = 132;

/** Protocols whose ports conntrackd writes; of all others only addresses and number travel. */
export const hasPorts = (protocol: number): boolean =>
  protocol === IPPROTO_TCP ||
  protocol === IPPROTO_UDP ||
  protocol === IPPROTO_SCTP ||
  protocol === IPPROTO_DCCP;

export const isIcmp = (protocol: number): boolean => protocol === IPPROTO_ICMP || protocol === IPPROTO_ICMPV6;

/** Writes a source and a destination as one attribute. */
export function writeAddresses(
  writer: ByteWriter,
  at: TupleAttributes,
  source: IpAddress,
  destination: IpAddress,
): void {
  const v4 = isIpv4(source);
  writer
    .u16be(v4 ? 12 : 36)
    .u16be(v4 ? at.ipv4 : at.ipv6)
    .bytes(ipBytes(source))
    .bytes(ipBytes(destination));
}

export const writePorts = (writer: ByteWriter, type: number, source: number, destination: number): void => {
  writer.u16be(8).u16be(type).u16be(source).u16be(destination);
};

/** Addresses, protocol and ports, in the order of expectation messages and of masters. */
export function writeTuple(writer: ByteWriter, at: TupleAttributes, tuple: Tuple, withPorts: boolean): void {
  writeAddresses(writer, at, tuple.source, tuple.destination);
  writeU8(writer, at.protocol, tuple.protocol);
  if (withPorts) writePorts(writer, at.port, tuple.sourcePort ?? 0, tuple.destinationPort ?? 0);
}

/** Reads a tuple; undefined if it has no addresses or no protocol. */
export function readTuple(attributes: AttributeIndex, at: TupleAttributes): Tuple | undefined {
  const addresses = readAddresses(attributes, at);
  if (addresses === undefined || !attributes.has(at.protocol)) return undefined;
  return { ...addresses, protocol: attributes.u8(at.protocol), ...readPorts(attributes, at.port) };
}

/** Reads a tuple that must be there. @throws DecodeError if it is not. */
export function requireTuple(attributes: AttributeIndex, at: TupleAttributes, format: string): Tuple {
  const tuple = readTuple(attributes, at);
  if (tuple === undefined) throw new DecodeError(format, 0, "addresses or protocol are missing");
  return tuple;
}

export function readAddresses(
  attributes: AttributeIndex,
  at: TupleAttributes,
): { source: IpAddress; destination: IpAddress } | undefined {
  if (attributes.has(at.ipv4)) {
    const pair = attributes.payload(at.ipv4);
    return { source: ipv4FromBytes(pair), destination: ipv4FromBytes(pair.subarray(4)) };
  }
  if (!attributes.has(at.ipv6)) return undefined;
  const pair = attributes.payload(at.ipv6);
  return { source: ipv6FromBytes(pair), destination: ipv6FromBytes(pair.subarray(16)) };
}

export function readPorts(
  attributes: AttributeIndex,
  type: number,
): { sourcePort?: number; destinationPort?: number } {
  if (!attributes.has(type)) return {};
  const ports = attributes.payload(type);
  return { sourcePort: (ports[0]! << 8) | ports[1]!, destinationPort: (ports[2]! << 8) | ports[3]! };
}
