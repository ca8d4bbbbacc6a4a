/**
 * Files that take a real server out of service by hand: `IP:PORT`, `IP`, `NAME:PORT`, `NAME`, `SHORT:PORT`, `SHORT` in
 * `maintenancedir`. NAME is the reverse look-up of the address, known since the last minute; it is never waited for.
 */
import { reverse } from "node:dns/promises";
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

export function createMaintenance(clock: Clock): Maintenance {
  const names = new Map<IpAddress, { readonly name: string | undefined; readonly until: Instant }>();

  function nameOf(address: IpAddress): string | undefined {
    const known = names.get(address);
    if (known !== undefined && known.until > clock.now()) return known.name;
    if (names.size >= MOST_NAMES) names.clear();
    const remember = (name: string | undefined) =>
      names.set(address, { name, until: plus(clock.now(), KEEP) });
    remember(known?.name);
    reverse(address).then(
      ([name]) => remember(name),
      () => remember(undefined),
    );
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
