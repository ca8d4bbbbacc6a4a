/** Virtual services and real servers in few words, for tests. */
import { parseEndpoint } from "@systole/wire";
import type { BalancerChange, RealServer, VirtualService, VirtualServiceId } from "../src/balancer.js";

export const tcp = (endpoint: string): VirtualServiceId => ({
  kind: "address",
  protocol: "tcp",
  ...parseEndpoint(endpoint)!, // written out by tests, all valid
});

export const service = (id: VirtualServiceId, more: Partial<VirtualService> = {}): VirtualService => ({
  id,
  scheduler: "wrr",
  schedulerFlags: 0,
  persistence: undefined,
  persistenceEngine: undefined,
  onePacket: false,
  ...more,
});

export const real = (endpoint: string, weight: number, more: Partial<RealServer> = {}): RealServer => ({
  endpoint: parseEndpoint(endpoint)!, // written out by tests, all valid
  forwarding: "masq",
  weight,
  upperThreshold: 0,
  lowerThreshold: 0,
  ...more,
});

/** The changes that set up a service. */
export const setUp = (wanted: VirtualService, ...reals: readonly RealServer[]): readonly BalancerChange[] => [
  { type: "add-service", service: wanted },
  ...reals.map((each) => ({ type: "add-real", id: wanted.id, real: each }) as const),
];
