/** The three timeouts of IPVS connections (`ipvsadm --set`). */
import type { NetlinkRequest } from "../connection.js";
import { decodeGeneric, encodeGeneric } from "../generic.js";
import {
  IPVS_CMD_ATTR_TIMEOUT_TCP,
  IPVS_CMD_ATTR_TIMEOUT_TCP_FIN,
  IPVS_CMD_ATTR_TIMEOUT_UDP,
  IPVS_CMD_GET_CONFIG,
  IPVS_CMD_SET_CONFIG,
  IPVS_GENL_VERSION,
} from "./constants.js";

/** Whole seconds; what is undefined stays as it is. */
export interface IpvsTimeouts {
  readonly tcpSeconds?: number | undefined;
  readonly tcpFinSeconds?: number | undefined;
  readonly udpSeconds?: number | undefined;
}

/** @throws DecodeError */
export function decodeTimeouts(payload: Uint8Array): IpvsTimeouts {
  const { attributes } = decodeGeneric(payload, "ipvs config");
  return {
    tcpSeconds: attributes.u32host(IPVS_CMD_ATTR_TIMEOUT_TCP),
    tcpFinSeconds: attributes.u32host(IPVS_CMD_ATTR_TIMEOUT_TCP_FIN),
    udpSeconds: attributes.u32host(IPVS_CMD_ATTR_TIMEOUT_UDP),
  };
}

export const encodeTimeouts = (timeouts: IpvsTimeouts): Uint8Array =>
  encodeGeneric(IPVS_CMD_SET_CONFIG, IPVS_GENL_VERSION, (attributes) => {
    const { tcpSeconds, tcpFinSeconds, udpSeconds } = timeouts;
    if (tcpSeconds !== undefined) attributes.u32host(IPVS_CMD_ATTR_TIMEOUT_TCP, tcpSeconds);
    if (tcpFinSeconds !== undefined) attributes.u32host(IPVS_CMD_ATTR_TIMEOUT_TCP_FIN, tcpFinSeconds);
    if (udpSeconds !== undefined) attributes.u32host(IPVS_CMD_ATTR_TIMEOUT_UDP, udpSeconds);
  });

export const setTimeouts = (family: number, timeouts: IpvsTimeouts): NetlinkRequest => ({
  operation: "set the connection timeouts",
  type: family,
  flags: 0,
  payload: encodeTimeouts(timeouts),
});

export const getTimeouts = (family: number): NetlinkRequest => ({
  operation: "read the connection timeouts",
  type: family,
  flags: 0,
  payload: encodeGeneric(IPVS_CMD_GET_CONFIG, IPVS_GENL_VERSION),
});
