/** Version and table size of the kernel's IPVS. */
import type { NetlinkRequest } from "../connection.js";
import { decodeGeneric, encodeGeneric } from "../generic.js";
import {
  IPVS_CMD_GET_INFO,
  IPVS_CMD_SET_INFO,
  IPVS_GENL_VERSION,
  IPVS_INFO_ATTR_CONN_TAB_SIZE,
  IPVS_INFO_ATTR_VERSION,
} from "./constants.js";

export interface IpvsInfo {
  /** `1.2.1`. */
  readonly version: string;
  /** Buckets of the connection table. */
  readonly connectionTableSize: number;
}

/** @throws DecodeError */
export function decodeInfo(payload: Uint8Array): IpvsInfo {
  const { attributes } = decodeGeneric(payload, "ipvs info");
  const version = attributes.need("version", attributes.u32host(IPVS_INFO_ATTR_VERSION));
  return {
    version: `${(version >> 16) & 255}.${(version >> 8) & 255}.${version & 255}`,
    connectionTableSize: attributes.u32host(IPVS_INFO_ATTR_CONN_TAB_SIZE) ?? 0,
  };
}

/** As the kernel would say it; for fakes and tests. */
export function encodeInfo(info: IpvsInfo): Uint8Array {
  const [major = 0, minor = 0, patch = 0] = info.version.split(".").map(Number);
  return encodeGeneric(IPVS_CMD_SET_INFO, IPVS_GENL_VERSION, (attributes) => {
    attributes
      .u32host(IPVS_INFO_ATTR_VERSION, (major << 16) | (minor << 8) | patch)
      .u32host(IPVS_INFO_ATTR_CONN_TAB_SIZE, info.connectionTableSize);
  });
}

export const getInfo = (family: number): NetlinkRequest => ({
  operation: "read the version of IPVS",
  type: family,
  flags: 0,
  payload: encodeGeneric(IPVS_CMD_GET_INFO, IPVS_GENL_VERSION),
});
