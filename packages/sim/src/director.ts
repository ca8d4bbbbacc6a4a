/**
 * ldirectord on one host: its core with a table in memory, and real servers that serve or do not.
 *
 * It runs beside heartbeat as a hot standby: always checking, touching the table only while it is active. What it holds
 * true (invariants 4 and 5 of docs/architecture.md) is checked at every change of the table.
 */
import type { BalancerChange, BalancerTable, VirtualService } from "@systole/kernel";
import { serviceKey } from "@systole/kernel";
import type { FakeKernel } from "@systole/kernel/fake";
import type { DirectorConfig, RealConfig } from "@systole/ldirectord";
import { directorMachine, newDirector } from "@systole/ldirectord/core/director";
import type { DirectorAction, DirectorEvent, DirectorState } from "@systole/ldirectord/core/director-state";
import { type Instant, milliseconds, seconds, type Tick } from "@systole/machine";
import { type Endpoint, formatEndpoint, type IpAddress, parseEndpoint, parseIp } from "@systole/wire";

export type DirectorCore = typeof directorMachine;

export interface DirectorDoor {
  readonly kernel: FakeKernel;
  now(): Instant;
  at(when: Instant, run: () => void): () => void;
  after(ms: number, run: () => void): void;
  /** How long the kernel takes for a look at the table, or a change. */
  tableMs(): number;
  /** Does this real server answer a check now? */
  serves(server: string): boolean;
  blame(problem: string | undefined): void;
}

/** How long a check takes for its verdict. */
const CHECK_MS = 5;

export const REAL_SERVERS = ["10.0.0.11:80", "10.0.0.12:80"] as const;
export const FALLBACK = "127.0.0.1:80";
const STRANGER = "203.0.113.9";

export class Director {
  readonly #door: DirectorDoor;
  readonly #core: DirectorCore;
  readonly #events: (DirectorEvent | Tick)[] = [];
  readonly #waiting = new Map<number, () => void>();
  /** Checks that nobody wants any more answer nothing. */
  readonly #checks = new Map<string, { wanted: boolean }>();
  #state: DirectorState = newDirector("standby");
  #requests = 0;
  #stepping = false;
  #alive = true;
  #disarm: (() => void) | undefined;

  constructor(door: DirectorDoor, vips: readonly string[], wrap: (core: DirectorCore) => DirectorCore) {
    this.#door = door;
    this.#core = wrap(directorMachine);
    door.kernel.balancer.applyNow([{ type: "add-service", service: serviceOn(STRANGER) }]);
    this.#feed({ type: "configure", config: configFor(vips) });
  }

  /** Runs `done` once the table is as wished. */
  request(type: "activate" | "deactivate", done: () => void): void {
    const request = this.#requests++;
    this.#waiting.set(request, done);
    this.#feed({ type, request });
  }

  /** With the power. */
  end(): void {
    this.#alive = false;
    this.#disarm?.();
  }

  #feed(event: DirectorEvent | Tick): void {
    if (!this.#alive) return;
    this.#events.push(event);
    if (this.#stepping) return;
    this.#stepping = true;
    for (let next = this.#events.shift(); next !== undefined; next = this.#events.shift()) {
      const step = this.#core.step(this.#state, next, this.#door.now());
      this.#state = step.state;
      for (const action of step.actions) this.#perform(action);
    }
    this.#stepping = false;
    this.#arm();
  }

  #perform(action: DirectorAction): void {
    const { kernel, after, tableMs } = this.#door;
    switch (action.type) {
      case "start-check":
        return this.#check(action);
      case "forget-check": {
        const running = this.#checks.get(action.check);
        if (running !== undefined) running.wanted = false;
        return;
      }
      case "read-table":
        return after(tableMs(), () => this.#feed({ type: "table", table: kernel.balancer.readNow() }));
      case "apply":
        return after(tableMs(), () => this.#apply(action.changes));
      case "settled":
        this.#waiting.get(action.request)?.();
        this.#waiting.delete(action.request);
        return;
      default:
        return; // reports, fallback commands: for people
    }
  }

  #check({ check, spec }: Extract<DirectorAction, { type: "start-check" }>): void {
    const running = { wanted: true };
    this.#checks.set(check, running);
    this.#door.after(CHECK_MS, () => {
      if (!running.wanted) return;
      const target = spec.type === "connect" ? formatEndpoint(spec.target) : "";
      const result = this.#door.serves(target)
        ? ({ up: true, message: "", tookMs: CHECK_MS } as const)
        : ({ up: false, reason: "connection refused", tookMs: CHECK_MS } as const);
      this.#feed({ type: "checked", check, result });
    });
  }

  #apply(changes: readonly BalancerChange[]): void {
    if (!this.#alive) return;
    const { balancer } = this.#door.kernel;
    const results = balancer.applyNow(changes);
    const refused = results.find((result) => result.error !== undefined);
    this.#door.blame(refused && `the table refused ${refused.change.type}: ${refused.error?.message}`);
    this.#door.blame(strangerKept(balancer.readNow()));
    this.#feed({ type: "applied", problems: results.map((result) => result.error?.message) });
    this.#door.blame(this.#tableProblem());
  }

  /** 5. Once nothing is in the air: weights and fallback are what the verdicts say. */
  #tableProblem(): string | undefined {
    const { table, role, services } = this.#state;
    if (role !== "active" || table.phase.kind !== "idle" || table.work.touched.size > 0) return undefined;
    if (table.work.establish.size > 0) return undefined;
    const actual = this.#door.kernel.balancer.readNow();
    for (const { config, reals } of services.values()) {
      const entry = actual.find(({ service }) => serviceKey(service.id) === serviceKey(config.virtual.id));
      const up = [...reals.values()].filter((real) => real.up).map((real) => real.config.key);
      const serving = (entry?.reals ?? [])
        .filter((real) => real.weight > 0)
        .map((real) => formatEndpoint(real.endpoint));
      const wanted = up.length > 0 ? up : [FALLBACK];
      if (wanted.toSorted().join() !== serving.toSorted().join()) {
        return `the table of ${config.key} serves with ${serving.join(", ")}, wanted ${wanted.join(", ")}`;
      }
    }
    return undefined;
  }

  #arm(): void {
    this.#disarm?.();
    const deadline = this.#alive ? this.#core.nextDeadline(this.#state) : undefined;
    this.#disarm =
      deadline === undefined ? undefined : this.#door.at(deadline, () => this.#feed({ type: "tick" }));
  }
}

/** 4. What is not ours stays as it was. */
function strangerKept(table: BalancerTable): string | undefined {
  const stranger = table.find(
    ({ service }) => service.id.kind === "address" && service.id.address === STRANGER,
  );
  return stranger === undefined ? "a service that is not ours was removed" : undefined;
}

/** The real servers that the table of this kernel sends new connections of the VIP to. */
export function servingFor(kernel: FakeKernel, vip: string): string[] {
  const entry = kernel.balancer
    .readNow()
    .find(({ service }) => service.id.kind === "address" && service.id.address === vip);
  return (entry?.reals ?? []).filter((real) => real.weight > 0).map((real) => formatEndpoint(real.endpoint));
}

function configFor(vips: readonly string[]): DirectorConfig {
  return {
    services: vips.map((vip) => ({
      key: `tcp:${vip}:80`,
      virtual: serviceOn(vip),
      quiescent: true,
      readdQuiescent: true,
      cleanStop: false,
      fallback: { configured: endpoint(FALLBACK), endpoint: endpoint(FALLBACK), forwarding: "masq" },
      fallbackCommand: undefined,
      reals: REAL_SERVERS.map(realConfig),
    })),
    reconcile: { every: undefined, strict: false },
  };
}

const realConfig = (server: string): RealConfig => ({
  key: server,
  configured: endpoint(server),
  endpoint: endpoint(server),
  forwarding: "masq",
  weight: 5,
  upperThreshold: 0,
  lowerThreshold: 0,
  check: {
    kind: "periodic",
    interval: seconds(2),
    failureCount: 1,
    successCount: 1,
    spec: { type: "connect", target: endpoint(server), limit: milliseconds(1000) },
  },
});

const serviceOn = (vip: string): VirtualService => ({
  id: { kind: "address", protocol: "tcp", address: address(vip), port: 80 },
  scheduler: "wrr",
  schedulerFlags: 0,
  persistence: undefined,
  persistenceEngine: undefined,
  onePacket: false,
});

function address(text: string): IpAddress {
  const parsed = parseIp(text);
  if (parsed === undefined) throw new Error(`not an address: ${text}`);
  return parsed;
}

function endpoint(text: string): Endpoint {
  const parsed = parseEndpoint(text);
  if (parsed === undefined) throw new Error(`not an endpoint: ${text}`);
  return parsed;
}
