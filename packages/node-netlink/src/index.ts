export { Attributes, AttributeWriter, forEachAttribute } from "./attribute.js";
export { AttributeCursor } from "./attribute-cursor.js";
export { BatchConnection, type BatchSocket } from "./batch-connection.js";
export {
  type Decode,
  listenToEvents,
  NetlinkConnection,
  type NetlinkRequest,
  type TransactionFrame,
} from "./connection.js";
export * from "./conntrack/constants.js";
export { type ConntrackEvent, type ConntrackEventKind, decodeConntrackEvent } from "./conntrack/event.js";
export { protocolEventFilter } from "./conntrack/event-filter.js";
export { decodeExpectation, type Expectation } from "./conntrack/expect.js";
export {
  type Counters,
  decodeFlow,
  decodeFlowPatch,
  type Flow,
  type FlowPatch,
  type Synproxy,
} from "./conntrack/flow.js";
export type { NatRange, SequenceAdjustment } from "./conntrack/nat.js";
export type { DccpInfo, ProtocolInfo, SctpInfo, TcpInfo } from "./conntrack/protoinfo.js";
export {
  deleteFlow,
  describeTuple,
  dumpExpectations,
  dumpFlows,
  expectationAnswer,
  type FlowFilter,
  flowAnswer,
  flushFlows,
  getFlow,
  newExpectation,
  newFlow,
  updateFlow,
} from "./conntrack/request.js";
export type { Tuple } from "./conntrack/tuple.js";
export { errnoName, errnoNumber } from "./errno.js";
export {
  CTRL_ATTR_FAMILY_ID,
  CTRL_ATTR_FAMILY_NAME,
  CTRL_CMD_GETFAMILY,
  decodeFamilyId,
  decodeGeneric,
  encodeGeneric,
  GENL_ID_CTRL,
  type GenericMessage,
  getFamily,
} from "./generic.js";
export {
  decodeTimeouts,
  encodeTimeouts,
  getTimeouts,
  type IpvsTimeouts,
  setTimeouts,
} from "./ipvs/config.js";
export * from "./ipvs/constants.js";
export {
  decodeDestination,
  deleteDestination,
  dumpDestinations,
  encodeDestination,
  type IpvsConnections,
  type IpvsDestination,
  type IpvsTunnel,
  newDestination,
  setDestination,
} from "./ipvs/destination.js";
export { decodeInfo, encodeInfo, getInfo, type IpvsInfo } from "./ipvs/info.js";
export {
  decodeService,
  deleteService,
  dumpServices,
  encodeService,
  flushTable,
  getService,
  type IpvsService,
  type IpvsServiceId,
  newService,
  setService,
  zeroCounters,
} from "./ipvs/service.js";
export type { IpvsStats } from "./ipvs/stats.js";
export {
  decodeSyncDaemon,
  deleteSyncDaemon,
  dumpSyncDaemons,
  encodeSyncDaemon,
  newSyncDaemon,
  type SyncDaemon,
  type SyncState,
} from "./ipvs/sync-daemon.js";
export * from "./message.js";
export { decodeVerdict, NetlinkError, type Refusal } from "./netlink-error.js";
export { counterAnswer, dumpCounters, encodeCounter, type NftCounter } from "./nftables/counter.js";
export { nftablesTransaction } from "./nftables/nfnetlink.js";
export { type AddressSet, addElements, removeElements } from "./nftables/set-element.js";
export {
  ARPOP_REPLY,
  ARPOP_REQUEST,
  type Arp,
  announcement,
  announcementReply,
  decodeArp,
  encodeArp,
  probeOf,
} from "./packet/arp.js";
export { arpSenderFilter } from "./packet/arp-filter.js";
export {
  BROADCAST_MAC,
  decodeEthernet,
  ETH_P_ARP,
  ETH_P_IP,
  ETH_P_IPV6,
  type EthernetFrame,
  encodeEthernet,
} from "./packet/ethernet.js";
export {
  decodeNeighbourAdvertisement,
  encodeNeighbourAdvertisement,
  ND_NEIGHBOR_ADVERT,
  type NeighbourAdvertisement,
  unsolicitedAdvertisement,
} from "./packet/neighbour-advertisement.js";
export { RequestBatch } from "./request-batch.js";
export {
  type AddressLifetime,
  type AddressRecord,
  addAddress,
  decodeAddress,
  dumpAddresses,
  encodeAddress,
  putAddress,
  removeAddress,
} from "./route/address.js";
export * from "./route/constants.js";
export { decodeLink, dumpLinks, encodeLink, getLink, type LinkRecord, setLinkUp } from "./route/link.js";
export {
  decodeNeighbour,
  dumpNeighbours,
  encodeNeighbour,
  type NeighbourRecord,
  putNeighbour,
  removeNeighbour,
} from "./route/neighbour.js";
export {
  addRoute,
  decodeRoute,
  dumpRoutes,
  encodeRoute,
  getRoute,
  type RouteRecord,
  removeRoute,
  replaceRoute,
} from "./route/route.js";
export type { NetlinkSocket } from "./socket.js";
