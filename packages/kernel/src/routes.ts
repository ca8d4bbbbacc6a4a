/** Routes through an interface, and the source address that connections over them get. */
import type { Family, IpAddress } from "@systole/wire";

export interface DeviceRoute {
  readonly family: Family;
  /** Undefined is the default route. */
  readonly destination: IpAddress | undefined;
  readonly prefixLength: number;
  readonly device: string;
  readonly gateway: IpAddress | undefined;
  /** What connections from here have as their source; undefined leaves it to the kernel. */
  readonly source: IpAddress | undefined;
}

export interface Routes<Route extends DeviceRoute = DeviceRoute> {
  /** Unicast routes of the main table; those with several ways are not among them. */
  list(): Promise<readonly Route[]>;
  /**
   * The same route with another source. Metrics of the route (an MTU of its own) are lost, as with `ip route change`.
   *
   * @param route one of `list`.
   * @throws KernelError `EINVAL` if the source is no address of this machine.
   */
  setSource(route: Route, source: IpAddress | undefined): Promise<void>;
}
