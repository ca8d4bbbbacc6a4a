/** Real servers that stop serving for a while, and whether the owner of the VIP has noticed. */
import { servedAsWanted } from "./checks.js";
import { FALLBACK, REAL_SERVERS } from "./director.js";
import type { Fault } from "./faults.js";
import type { Simulation } from "./simulation.js";

/** The VIP of the group with ldirectord in it. */
const VIP = "192.0.2.10";

/** After so long every check has seen a change and the table has it: two intervals and a little. */
const NOTICED_AFTER_MS = 4500;

export function failServer(simulation: Simulation, fault: Extract<Fault, { kind: "real-server" }>): void {
  const { world, downServers, trace } = simulation;
  const server = REAL_SERVERS[fault.server]!; // 0 or 1
  trace.add(server, "FAULT", "does not serve");
  downServers.add(server);
  noticeLater(simulation);
  world.at(world.now() + fault.forMs, () => {
    trace.add(server, "FAULT", "serves again");
    downServers.delete(server);
    noticeLater(simulation);
  });
}

/** All of them serve again. */
export function healServers(simulation: Simulation): void {
  simulation.downServers.clear();
  noticeLater(simulation);
}

/** If nothing else changes until then, the owner's table must follow. */
function noticeLater(simulation: Simulation): void {
  const { world, serversChanged } = simulation;
  serversChanged.atMs = world.now();
  world.at(world.now() + NOTICED_AFTER_MS, () => {
    const changedAt = Math.max(serversChanged.atMs, simulation.vipChangedAt());
    const settled = world.now() - changedAt >= NOTICED_AFTER_MS;
    if (settled && simulation.hosts.some((host) => host.hasVip(VIP))) {
      simulation.blame(served(simulation));
    }
  });
}

/** What the owner's table serves with, against what serves. */
export function served({ hosts, downServers }: Simulation): string | undefined {
  const owner = hosts.find((host) => host.hasVip(VIP));
  const up = REAL_SERVERS.filter((server) => !downServers.has(server));
  return servedAsWanted(VIP, owner?.serving(VIP) ?? [], up.length > 0 ? up : [FALLBACK]);
}
