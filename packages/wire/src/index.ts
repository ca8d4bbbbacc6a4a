export {
  type Family,
  familyOf,
  type IpAddress,
  type Ipv4Address,
  type Ipv6Address,
  ipBytes,
  ipFromBytes,
  ipv4FromBytes,
  ipv6FromBytes,
  isIpv4,
  isIpv6,
  type MacAddress,
  macBytes,
  macFromBytes,
  parseIp,
  parseIpv4,
  parseIpv6,
  parseMac,
} from "./address.js";
export { ByteReader, ByteWriter } from "./bytes.js";
export { checksum } from "./checksum.js";
export { crc32 } from "./crc32.js";
export { DecodeError } from "./decode-error.js";
export { type Endpoint, formatEndpoint, parseEndpoint } from "./endpoint.js";
export { hex, hexDump, toHex } from "./hex.js";
