/**
 * Files that take a real server out of service by hand: `IP:PORT`, `IP`, `NAME:PORT`, `NAME`, `SHORT:PORT`, `SHORT` in
 * `maintenancedir`. NAME is what the system calls the address (/etc/hosts, DNS), known since the last minute; it is never
 * waited for.
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
}

const KEEP = seconds(60);
const MOST_NAMES = 65_536;
/** The system's resolver blocks a thread of the pool for each; others must have some left. */
const MOST_LOOKUPS = 2;

/** @param nameFor rejects if there is no name; a test hands in another one */
export function createMaintenance(clock: Clock, nameFor = systemName): Maintenance {
  const names = new Map<IpAddress, { readonly name: string | undefined; readonly until: Instant }>();

  const wanted = new Set<IpAddress>();
  let lookups = 0;

  function lookUp(): void {
    const [address] = wanted;
    if (address === undefined || lookups === MOST_LOOKUPS) return;
    wanted.delete(address);
    lookups += 1;
    const remember = (name: string | undefined) => {
      names.set(address, { name, until: plus(clock.now(), KEEP) });
      lookups -= 1;
      lookUp();
    };
    nameFor(address).then(remember, () => remember(undefined));
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
