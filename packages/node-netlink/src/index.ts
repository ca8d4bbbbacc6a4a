export type { Flow, SequenceAdjustment, TcpInfo, Tuple } from "./conntrack/flow.types.js";
export type { NetlinkSocket } from "./socket.js";
