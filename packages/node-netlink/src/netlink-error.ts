/** What the kernel says when it refuses a request: a number, and since Linux 4.12 often a sentence. */
import { ByteReader } from "@systole/wire";
import { Attributes } from "./attribute.js";
import { errnoName } from "./errno.js";
import {
  aligned,
  HEADER_BYTES,
  type NetlinkMessage,
  NLM_F_ACK_TLVS,
  NLM_F_CAPPED,
  NLMSG_ERROR,
} from "./message.js";

const NLMSGERR_ATTR_MSG = 1;
const NLMSGERR_ATTR_OFFS = 2;

/** A request that the kernel refused, or whose answer was lost (`ENOBUFS`), or that was given up (`ECANCELED`). */
export class NetlinkError extends Error {
  override readonly name = "NetlinkError";
  /** What was to be done: `add address 192.0.2.10/24 to eth0`. */
  readonly operation: string;
  /** `EEXIST`. */
  readonly code: string;
  /** The kernel's own words, if it had any. */
  readonly kernelMessage: string | undefined;

  constructor(operation: string, refusal: Refusal) {
    super(`${operation}: ${refusal.kernelMessage ?? "refused by the kernel"} (${refusal.code})`);
    this.operation = operation;
    this.code = refusal.code;
    this.kernelMessage = refusal.kernelMessage;
  }
}

export interface Refusal {
  readonly code: string;
  readonly kernelMessage?: string | undefined;
  /** Byte of the request that the kernel did not like. */
  readonly offset?: number | undefined;
}

/**
 * Reads an acknowledgement or the end of a dump; undefined means success.
 *
 * NLMSG_ERROR: errno, the request's header (or all of it), attributes if NLM_F_ACK_TLVS. NLMSG_DONE: errno, attributes.
 *
 * @throws DecodeError
 */
export function decodeVerdict(message: NetlinkMessage): Refusal | undefined {
  const format = message.type === NLMSG_ERROR ? "netlink error" : "netlink done";
  const reader = new ByteReader(message.payload, format);
  // Some families end a dump without a number.
  const errno = message.type !== NLMSG_ERROR && reader.remaining < 4 ? 0 : reader.i32host();
  if (errno >= 0) return undefined;
  const code = errnoName(-errno);
  const tlvs = message.type === NLMSG_ERROR ? (message.flags & NLM_F_ACK_TLVS) !== 0 : reader.remaining > 0;
  if (!tlvs) return { code };
  if (message.type === NLMSG_ERROR) {
    const length = reader.u32host();
    const rest = (message.flags & NLM_F_CAPPED) !== 0 ? HEADER_BYTES : aligned(length);
    reader.skip(rest - 4);
  }
  const attributes = new Attributes(reader.rest(), format);
  return {
    code,
    kernelMessage: attributes.text(NLMSGERR_ATTR_MSG),
    offset: attributes.u32host(NLMSGERR_ATTR_OFFS),
  };
}
