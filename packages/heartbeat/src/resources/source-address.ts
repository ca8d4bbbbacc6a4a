/**
 * The resource `IPsrcaddr::<ip>`: connections from this director have that address as their source.
 *
 * It changes the preferred source of the default route over the address's interface, and of the connected network that
 * contains the address. The address comes before it in the group. A stop gives the routes back to the interface's own
 * address; one that went away meanwhile took its routes along.
 */
import type { DeviceRoute, HeldAddress, Kernel, Routes } from "@systole/kernel";
import { seconds } from "@systole/machine";
import { familyOf, type IpAddress } from "@systole/wire";
import { contains } from "./find-interface.js";
import { parseIpSpec } from "./ip-spec.js";
import { type Resource, ResourceError, type ResourceSpec } from "./resource.js";

const LIMITS = { status: seconds(5), start: seconds(5), stop: seconds(5) };

export interface SourceAddressDependencies {
  readonly kernel: Pick<Kernel, "addresses"> & { readonly routes: Routes };
}

/** @throws ResourceError `bad-argument` if the argument is no address. */
export function sourceAddress(spec: ResourceSpec, { kernel }: SourceAddressDependencies): Resource {
  const { address } = parseIpSpec(spec.args.join("::"));

  async function ours(): Promise<readonly DeviceRoute[]> {
    return (await kernel.routes.list()).filter(({ source }) => source === address);
  }

  return {
    spec,
    limits: LIMITS,
    idempotent: true,
    status: async () => (await ours()).length > 0,
    async start() {
      const held = (await kernel.addresses.list()).find((one) => one.address === address);
      if (held === undefined)
        throw new ResourceError("no-interface", `${address} is not up: it must stand before ${spec.text}`);
      const routes = (await kernel.routes.list()).filter((route) => concerns(route, held));
      if (routes.length === 0)
        throw new ResourceError(
          "no-interface",
          `no route over ${held.device} that ${address} could be the source of`,
        );
      for (const route of routes) if (route.source !== address) await kernel.routes.setSource(route, address);
      return [];
    },
    async stop() {
      const present = await kernel.addresses.list();
      for (const route of await ours())
        await kernel.routes.setSource(route, ownAddress(route.device, address, present));
    },
  };
}

/** The default route over its interface, and the connected network that it is in. */
const concerns = (route: DeviceRoute, held: HeldAddress): boolean =>
  route.device === held.device &&
  route.family === held.family &&
  (route.destination === undefined ||
    (route.gateway === undefined &&
      contains({ address: route.destination, prefixLength: route.prefixLength }, held.address)));

/** The first other address of the interface, which the kernel would take, too. */
const ownAddress = (
  device: string,
  address: IpAddress,
  present: readonly HeldAddress[],
): IpAddress | undefined =>
  present.find(
    (one) =>
      one.device === device &&
      one.address !== address &&
      one.family === familyOf(address) &&
      !one.address.startsWith("fe80:"),
  )?.address;
