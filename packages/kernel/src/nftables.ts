/**
 * A data plane for kernels without ip_vs: nftables, in transactions of `nft -f -`.
 *
 * `masq` in table `inet systole` (nftables/translate.ts), `gate` in table `netdev systole_gate` (nftables/direct.ts).
 * The kernel holds the definition, too (nftables/definition.ts): a restarted daemon reads back what it wrote.
 */
import type { Flow } from "@systole/node-netlink";
import { formatEndpoint, type IpAddress } from "@systole/wire";
import {
  type Balancer,
  type BalancerChange,
  type BalancerTable,
  type ChangeResult,
  type RealServerCounters,
  serviceKey,
} from "./balancer.js";
import { KernelError, kernelError } from "./kernel-error.js";
import { nftablesLimitations } from "./limitations.js";
import { connectionKey, countConnections } from "./nftables/connections.js";
import { readDefinition } from "./nftables/definition.js";
import { GATE_TABLE } from "./nftables/direct.js";
import { layOut, names, type PlacedReal, type PlacedService, tableOf } from "./nftables/layout.js";
import type { Nft } from "./nftables/program.js";
import { commentsOf, countByMark, objectsOf, parseListing } from "./nftables/ruleset.js";
import { type Standing, transaction } from "./nftables/script.js";
import { DEFINITION_CHAIN, DEFINITION_TABLE, TABLE } from "./nftables/translate.js";
import { addressesToRoute, type Route } from "./nftables/way.js";
import { applyChange, describeChange, type ServiceTable } from "./service-table.js";

export interface Count {
  readonly name: string;
  readonly packets: bigint;
  readonly bytes: bigint;
}

export interface NftablesDependencies {
  readonly nft: Nft;
  /** Where the kernel's routing sends an address. */
  readonly route: (address: IpAddress) => Promise<Route>;
  /** Interfaces on which packets for a VIP may arrive. */
  readonly devices: () => Promise<readonly string[]>;
  /** All named counters of a table of ours. */
  readonly counters: (table: typeof TABLE | typeof GATE_TABLE) => Promise<readonly Count[]>;
  /** All flows of connection tracking, for counting. */
  readonly flows: () => Promise<readonly Flow[]>;
}

export function nftablesBalancer(dependencies: NftablesDependencies): Balancer {
  const { nft } = dependencies;
  let last: Promise<unknown> = Promise.resolve();

  /** One after the other: a transaction builds on what it read. */
  function inTurn<T>(work: () => Promise<T>): Promise<T> {
    const turn = last.then(work, work);
    last = turn.catch(() => undefined);
    return turn;
  }

  async function list(operation: string, ...what: readonly string[]) {
    return parseListing(await nft(operation, ["-j", "-t", what.join("; ")]));
  }

  async function readStanding(): Promise<Standing> {
    const operation = "read the nftables table";
    const documents = await list(operation, "list chains", "list maps");
    const inet = objectsOf(documents, TABLE);
    const definition = objectsOf(documents, DEFINITION_TABLE);
    const layout = definition.chains.has(DEFINITION_CHAIN)
      ? readDefinition(
          commentsOf(await list(operation, `list chain ${DEFINITION_TABLE} ${DEFINITION_CHAIN}`)),
        )
      : [];
    return {
      layout: layout.filter((placed) => inet.chains.has(names.service(placed))),
      inet,
      netdev: objectsOf(documents, GATE_TABLE),
      definition,
    };
  }

  /** Flows of real servers that are reached directly, by mark. */
  async function directFlows({ layout, netdev }: Standing): Promise<ReadonlyMap<number, number>> {
    const maps = layout.map(names.flows).filter((name) => netdev.maps.has(name));
    if (maps.length === 0) return new Map();
    const commands = maps.map((name) => `list map ${GATE_TABLE} ${name}`).join("; ");
    return countByMark(parseListing(await nft("count flows", ["-j", commands])));
  }

  async function read(wantCounters: boolean): Promise<BalancerTable> {
    const standing = await readStanding();
    if (standing.layout.length === 0) return [];
    const direct = wantCounters ? await directFlows(standing) : new Map<number, number>();
    // Counts are for people: where connection tracking cannot be read, the table still can.
    const flows = wantCounters ? await dependencies.flows().catch(() => []) : [];
    const counts = countConnections(flows, tableOf(standing.layout));
    const [translated, forwarded] = wantCounters
      ? await Promise.all(([TABLE, GATE_TABLE] as const).map(countersOf))
      : [];
    return standing.layout.map((placed) => ({
      service: placed.service,
      reals: placed.reals.map((real) => ({ ...real.real, counters: counters(placed, real) })),
    }));

    function counters({ service }: PlacedService, placedReal: PlacedReal): RealServerCounters {
      const real = names.real(placedReal);
      const key = connectionKey(serviceKey(service.id), formatEndpoint(placedReal.real.endpoint));
      const tracked = counts.get(key) ?? { active: 0, inactive: 0 };
      const seen = direct.get(placedReal.mark) ?? 0;
      const isUdp = service.id.kind === "address" && service.id.protocol === "udp";
      const fresh = forwarded?.get(names.fresh(placedReal)) ?? translated?.get(real);
      return {
        activeConnections: Math.max(tracked.active, isUdp ? 0 : seen),
        inactiveConnections: Math.max(tracked.inactive, isUdp ? seen : 0),
        connections: fresh?.packets ?? 0n,
        inPackets: forwarded?.get(real)?.packets ?? 0n,
        outPackets: 0n,
        inBytes: forwarded?.get(real)?.bytes ?? 0n,
        outBytes: 0n,
      };
    }
  }

  async function countersOf(table: typeof TABLE | typeof GATE_TABLE): Promise<ReadonlyMap<string, Count>> {
    return new Map((await dependencies.counters(table)).map((count) => [count.name, count]));
  }

  /** The routes of all real servers that are reached directly. */
  async function routesOf(addresses: Iterable<IpAddress>): Promise<ReadonlyMap<IpAddress, Route>> {
    const pairs = [...addresses].map(
      async (address) => [address, await dependencies.route(address)] as const,
    );
    return new Map(await Promise.all(pairs));
  }

  async function write(standing: Standing, table: ServiceTable): Promise<void> {
    const wanted = layOut(table, standing.layout);
    const routes = await routesOf(addressesToRoute(wanted));
    const script = transaction(standing, wanted, { routes, devices: await dependencies.devices() });
    if (script.length > 0) await nft("change the nftables table", ["-f", "-"], `${script.join("\n")}\n`);
  }

  /** The changes that the rules of the table allow, made in `table`; the others with their refusal. */
  async function tryChanges(
    table: ServiceTable,
    changes: readonly BalancerChange[],
  ): Promise<ChangeResult[]> {
    const results: ChangeResult[] = [];
    for (const change of changes) {
      const code = (await unreachable(change)) ? "EHOSTUNREACH" : applyChange(table, change);
      const kernelMessage =
        code === "EHOSTUNREACH" ? "gate needs the real server on a network of this host" : undefined;
      const error =
        code === undefined ? undefined : new KernelError(describeChange(change), { code, kernelMessage });
      results.push({ change, error });
    }
    return results;
  }

  async function unreachable(change: BalancerChange): Promise<boolean> {
    if (change.type !== "add-real" && change.type !== "change-real") return false;
    if (change.real.forwarding !== "gate" || change.id.kind === "fwmark") return false;
    const { kind } = await dependencies.route(change.real.endpoint.address);
    return kind === "none" || kind === "gateway";
  }

  async function applyAll(changes: readonly BalancerChange[]): Promise<readonly ChangeResult[]> {
    const standing = await readStanding();
    const table = tableOf(standing.layout);
    const results = await tryChanges(table, changes);
    const allowed = results.flatMap(({ change, error }) => (error === undefined ? [change] : []));
    if (allowed.length === 0) return results;
    try {
      await write(standing, table);
      return results;
    } catch (error) {
      if (allowed.length > 1) return applyOneByOne(results);
      return results.map((result) => ({
        change: result.change,
        error: result.error ?? kernelError(describeChange(result.change), error),
      }));
    }
  }

  /** The transaction failed as a whole: each change alone, so that one that is refused does not hold up the others. */
  async function applyOneByOne(results: readonly ChangeResult[]): Promise<readonly ChangeResult[]> {
    const outcomes: ChangeResult[] = [];
    for (const result of results) {
      if (result.error !== undefined) outcomes.push(result);
      else outcomes.push(...(await applyAll([result.change])));
    }
    return outcomes;
  }

  return {
    kind: "nftables",
    limitations: nftablesLimitations,
    read: ({ counters = true } = {}) => inTurn(() => read(counters)),
    apply: (changes) => inTurn(async () => (changes.length === 0 ? [] : applyAll(changes))),
  };
}
