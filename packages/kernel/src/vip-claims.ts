/** Who else answers for a VIP on the networks of this director. IPv4 only: ARP. */
import type { Ipv4Address, MacAddress } from "@systole/wire";

export interface VipClaims {
  /**
   * From now on `claimed` is told of every ARP, on any interface, whose sender says that it has one of these VIPs:
   * gratuitous ones and answers, but none that we send. Replaces what was watched before; with none, nothing is.
   *
   * @throws KernelError `EPERM` without CAP_NET_RAW.
   */
  watch(vips: readonly Ipv4Address[], claimed: (vip: Ipv4Address, mac: MacAddress) => void): void;
  /** Asks on one interface who has the VIP; whoever has it claims it. @throws KernelError `ENODEV`, `ENETDOWN`. */
  ask(vip: Ipv4Address, device: string): Promise<void>;
}
