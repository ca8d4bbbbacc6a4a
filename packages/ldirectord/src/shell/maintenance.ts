/**
 * Files that take a real server out of service by hand: `IP:PORT`, `IP`, `NAME:PORT`, `NAME`, `SHORT:PORT`, `SHORT` in
 * `maintenancedir`. NAME is what the system calls the address (/etc/hosts, DNS), known since the last minute; no check
 * waits for it.
 */
import { lookupService } from "node:dns/promises";
import { existsSync } from "node:fs";
import { join } from "node:path";
import { type Clock, type Instant, plus, seconds } from "@systole/machine";
import { type IpAddress, isIpv6 } from "@systole/wire";
import type { PeriodicCheck } from "../core/configured.js";

type Place = NonNullable<PeriodicCheck["maintenance"]>;

export interface Maintenance {
  /** The file that takes this real server out, if there is one. */
  fileFor(place: Place): string | undefined;
  /**
   * Looks the names of these up before their first check, so that a file for one of them counts from the beginning.
   * Resolves when all are known, at the latest after two seconds: a name server that is down delays nothing else.
   */
  learn(places: Iterable<Place>): Promise<void>;
}

const KEEP = seconds(60);
const MOST_NAMES = 65_536;
/** The system's resolver blocks a thread of the pool for each; others must have some left. */
const MOST_LOOKUPS = 2;
const PATIENCE = seconds(2);

/** @param nameFor rejects if there is no name; a test hands in another one */
export function createMaintenance(clock: Clock, nameFor = systemName): Maintenance {
  const names = new Map<IpAddress, { readonly name: string | undefined; readonly until: Instant }>();
  const wanted = new Set<IpAddress>();
  const learning = new Set<() => void>();
  let lookups = 0;

  function lookUp(): void {
    const [address] = wanted;
    if (address === undefined && lookups === 0) for (const known of learning) known();
    if (address === undefined || lookups === MOST_LOOKUPS) return;
    wanted.delete(address);
    lookups += 1;
    const remember = (name: string | undefined) => {
      names.set(address, { name, until: plus(clock.now(), KEEP) });
      lookups -= 1;
      lookUp();
    };
    // A name server that is down takes no real server back into service.
    nameFor(address).then(remember, (error) =>
      remember(isUnknown(error) ? undefined : names.get(address)?.name),
    );
  }

  function nameOf(address: IpAddress): string | undefined {
    const known = names.get(address);
    if (known !== undefined && known.until > clock.now()) return known.name;
    if (names.size >= MOST_NAMES) names.clear();
    // What is known stays in use until the next answer.
    names.set(address, { name: known?.name, until: plus(clock.now(), KEEP) });
    wanted.add(address);
    lookUp();
    return known?.name;
  }

  return {
    learn: (places) =>
      new Promise((resolve) => {
        const known = () => {
          callOff();
          learning.delete(known);
          resolve();
        };
        const callOff = clock.at(plus(clock.now(), PATIENCE), known);
        learning.add(known);
        for (const { address } of places) nameOf(address);
        lookUp();
      }),
    fileFor({ directory, address, port }) {
      const ip = isIpv6(address) ? `[${address}]` : address;
      const name = nameOf(address);
      const short = name === undefined ? undefined : /^([a-z][a-z0-9-]+)\./.exec(name)?.[1];
      const candidates = [ip, name, short].flatMap((each) =>
        each === undefined ? [] : [`${each}:${port}`, each],
      );
      return candidates.map((file) => join(directory, file)).find((path) => existsSync(path));
    },
  };
}

/** As getnameinfo(3) answers: by /etc/hosts, DNS, or what else the machine is told to ask. */
const systemName = async (address: IpAddress): Promise<string> => (await lookupService(address, 0)).hostname;

const isUnknown = (error: unknown): boolean =>
  error instanceof Error && "code" in error && error.code === "ENOTFOUND";
