/** How a packet gets to a real server in this data plane. Pure. */
import { familyOf, type IpAddress } from "@systole/wire";
import type { RealServer, VirtualService } from "../balancer.js";
import type { Layout } from "./layout.js";

/** Where the kernel's routing sends an address. */
export type Route =
  | { readonly kind: "local" }
  | { readonly kind: "link"; readonly device: string }
  | { readonly kind: "gateway" }
  | { readonly kind: "none" };

export type Routes = ReadonlyMap<IpAddress, Route>;

export type Way =
  /** Destination address translated; replies come back through us. */
  | { readonly kind: "translate" }
  /** Accepted by this host itself. */
  | { readonly kind: "local" }
  /** Handed unchanged to the real server's MAC address. */
  | { readonly kind: "forward"; readonly device: string }
  /** Not reachable in this data plane: gets no traffic. */
  | { readonly kind: "none" };

export function wayTo(service: VirtualService, real: RealServer, routes: Routes): Way {
  const { address } = real.endpoint;
  const isLoopback = address === "::1" || address.startsWith("127.");
  const route = routes.get(address);
  switch (real.forwarding) {
    case "masq":
      return isLoopback ? { kind: "local" } : { kind: "translate" };
    case "local":
      return { kind: "local" };
    case "gate":
      if (isLoopback || route?.kind === "local") return { kind: "local" };
      if (route?.kind !== "link" || service.id.kind === "fwmark") return { kind: "none" };
      return { kind: "forward", device: route.device };
    case "ipip":
    case "bypass":
      return { kind: "none" };
  }
}

/** The addresses whose route must be known to write the rules of this layout. */
export function addressesToRoute(layout: Layout): ReadonlySet<IpAddress> {
  const gates = layout.flatMap(({ reals }) => reals.filter(({ real }) => real.forwarding === "gate"));
  return new Set(gates.map(({ real }) => real.endpoint.address));
}

/** `ip` or `ip6`, as nft names the header of the real server's family. */
export const header = (address: IpAddress): "ip" | "ip6" => (familyOf(address) === "inet" ? "ip" : "ip6");
