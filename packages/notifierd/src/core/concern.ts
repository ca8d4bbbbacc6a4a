/** What an event is about, as people write it in patterns: services, real servers, nodes, daemons. */
import type { ClusterEvent, Fact } from "../types.js";
import { meaning } from "./facts.js";
import { matches } from "./pattern.js";

/** `tcp 192.0.2.10:80` is also known as `192.0.2.10:80`. */
const serviceNames = (service: string): readonly string[] => [
  service,
  service.slice(service.indexOf(" ") + 1),
];

/** The virtual service that a fact is about. */
function serviceOf(fact: Fact): string | undefined {
  if ("service" in fact) return fact.service;
  if (!("trouble" in fact)) return undefined;
  return /^(?:server|fallback) (\S+ \S+)/.exec(fact.trouble)?.[1];
}

/** What is not about a service concerns all of them. */
export function concernsServices({ fact }: ClusterEvent, patterns: readonly string[]): boolean {
  const service = serviceOf(fact);
  if (service === undefined || patterns.length === 0) return true;
  return serviceNames(service).some((name) => patterns.some((pattern) => matches(pattern, name)));
}

/** Everything that an event can be called. */
export function concerns({ node, daemon, fact }: ClusterEvent, pattern: string): boolean {
  const names = [node, daemon, fact.kind, meaning(fact).trouble?.key ?? ""];
  if ("service" in fact) names.push(...serviceNames(fact.service));
  if ("server" in fact) names.push(fact.server, fact.server.replace(/:\d+$/, ""));
  if ("peer" in fact) names.push(fact.peer);
  if ("groups" in fact) names.push(...fact.groups);
  if ("address" in fact) names.push(fact.address, fact.address.replace(/\/\d+$/, ""));
  return names.some((name) => name !== "" && matches(pattern, name));
}
