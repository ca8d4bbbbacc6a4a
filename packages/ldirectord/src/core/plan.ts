/**
 * Wanted table minus actual table = changes.
 *
 * Rules: what is already right is not touched; nothing is ever flushed; a service that nobody wishes anything about is
 * not mentioned. Applying a plan to the table it was made from gives what was wished, and planning again gives nothing.
 */
import type {
  BalancerChange,
  BalancerTable,
  RealServer,
  TableEntry,
  VirtualService,
  VirtualServiceId,
} from "@systole/kernel";
import { type Endpoint, formatEndpoint } from "@systole/wire";

/** What one entry of a service shall be. */
export type RealWish =
  | {
      readonly kind: "present";
      readonly real: RealServer;
      /** Thresholds are part of the wish; else whatever is there is right, and a change writes what `real` says. */
      readonly thresholds: boolean;
      /** What to do when the entry is not there. */
      readonly ifMissing: "add" | "leave";
    }
  | { readonly kind: "absent"; readonly endpoint: Endpoint };

export interface ServiceWish {
  readonly virtual: VirtualService;
  readonly reals: readonly RealWish[];
}

/** The table as services by identity. */
export type Entries = ReadonlyMap<string, TableEntry>;

export const entriesOf = (table: BalancerTable): Entries =>
  new Map(table.map((entry) => [serviceId(entry.service.id), entry]));

/** `tcp:192.0.2.10:80`, `fwm:7`, `fwm6:7`. */
export function serviceId(id: VirtualServiceId): string {
  if (id.kind === "fwmark") return `${id.family === "inet6" ? "fwm6" : "fwm"}:${id.fwmark}`;
  return `${id.protocol}:${formatEndpoint(id)}`;
}

const endpointOf = (wish: RealWish): Endpoint =>
  wish.kind === "present" ? wish.real.endpoint : wish.endpoint;

/** Makes a whole service as wished, and takes out every entry nobody wishes for. */
export function planService(wish: ServiceWish, entries: Entries): readonly BalancerChange[] {
  const entry = entries.get(serviceId(wish.virtual.id));
  const wishedFor = new Set(wish.reals.map((real) => formatEndpoint(endpointOf(real))));
  const strangers = (entry?.reals ?? []).filter(({ endpoint }) => !wishedFor.has(formatEndpoint(endpoint)));
  return [
    ...planVirtual(wish.virtual, entry),
    ...wish.reals.flatMap((real) => planReal(wish.virtual.id, real, entry)),
    ...strangers.map(
      ({ endpoint }): BalancerChange => ({ type: "remove-real", id: wish.virtual.id, real: endpoint }),
    ),
  ];
}

function planVirtual(service: VirtualService, entry: TableEntry | undefined): readonly BalancerChange[] {
  if (entry === undefined) return [{ type: "add-service", service }];
  return sameService(service, entry.service) ? [] : [{ type: "change-service", service }];
}

/** Makes one entry of a service as wished. */
export function planReal(
  id: VirtualServiceId,
  wish: RealWish,
  entry: TableEntry | undefined,
): readonly BalancerChange[] {
  const key = formatEndpoint(endpointOf(wish));
  const found = entry?.reals.find(({ endpoint }) => formatEndpoint(endpoint) === key);
  if (wish.kind === "absent")
    return found === undefined ? [] : [{ type: "remove-real", id, real: found.endpoint }];
  if (found === undefined) return wish.ifMissing === "add" ? [{ type: "add-real", id, real: wish.real }] : [];
  return sameReal(wish, found) ? [] : [{ type: "change-real", id, real: wish.real }];
}

/** Takes a service out: first the real servers that are `serving`, one by one, then the service with all the rest. */
export function planRemoval(
  id: VirtualServiceId,
  serving: readonly Endpoint[],
  entries: Entries,
): readonly BalancerChange[] {
  const entry = entries.get(serviceId(id));
  if (entry === undefined) return [];
  const reals = serving.flatMap((endpoint) => planReal(id, { kind: "absent", endpoint }, entry));
  return [...reals, { type: "remove-service", id }];
}

function sameReal(wish: Extract<RealWish, { kind: "present" }>, found: RealServer): boolean {
  const { real, thresholds } = wish;
  // A kernel may call a gate to an address of its own "local".
  const forwarding = found.forwarding === "local" ? "gate" : found.forwarding;
  return (
    found.weight === real.weight &&
    forwarding === real.forwarding &&
    found.tunnel?.type === real.tunnel?.type &&
    found.tunnel?.port === real.tunnel?.port &&
    found.tunnel?.flags === real.tunnel?.flags &&
    (!thresholds ||
      (found.upperThreshold === real.upperThreshold && found.lowerThreshold === real.lowerThreshold))
  );
}

function sameService(a: VirtualService, b: VirtualService): boolean {
  return (
    a.scheduler === b.scheduler &&
    a.schedulerFlags === b.schedulerFlags &&
    a.onePacket === b.onePacket &&
    a.persistenceEngine === b.persistenceEngine &&
    a.persistence?.timeoutSeconds === b.persistence?.timeoutSeconds &&
    a.persistence?.prefixLength === b.persistence?.prefixLength
  );
}
