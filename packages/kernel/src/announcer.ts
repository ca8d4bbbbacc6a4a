/** Tells the neighbours where a VIP is now: GARP, for IPv6 unsolicited neighbour advertisements. */
import type { IpAddress } from "@systole/wire";

export interface Announcer {
  /**
   * Sends one announcement: for IPv4 a gratuitous ARP request and a reply, for IPv6 one advertisement to ff02::1.
   *
   * @throws KernelError `ENODEV`, `ENETDOWN`. Repetition is the caller's.
   */
  announce(vip: IpAddress, device: string): Promise<void>;
}
