/** VIPs on interfaces: up with a lifetime, renewed, down. */
import type { Family, IpAddress } from "@systole/wire";

/** A VIP as heartbeat owns it. */
export interface VipAddress {
  readonly address: IpAddress;
  /** 0 to 32, or to 128. */
  readonly prefixLength: number;
  /** Interface name. */
  readonly device: string;
  /** Label of an IPv4 alias, such as `eth0:0`; at most 15 characters. */
  readonly label?: string;
  /** IPv4 broadcast address. */
  readonly broadcast?: IpAddress;
}

export interface HeldAddress extends VipAddress {
  readonly family: Family;
  /** Whole seconds left, as the kernel counts them; undefined if it stays for ever. */
  readonly validSeconds: number | undefined;
}

export type AddressChange =
  | { readonly kind: "added"; readonly address: HeldAddress }
  | { readonly kind: "removed"; readonly address: HeldAddress };

export interface Addresses {
  /**
   * Adds the VIP, or renews its lifetime if it is there. Idempotent. The request has left this process when the call
   * returns; the promise is the kernel's answer.
   *
   * @param lifetimeSeconds whole seconds until the kernel itself removes the address; undefined for ever.
   * @throws KernelError `ENODEV` for an unknown interface, `ERANGE` for a label that is too long.
   */
  hold(vip: VipAddress, lifetimeSeconds: number | undefined): Promise<void>;
  /**
   * Removes the VIP.
   * @throws KernelError `EADDRNOTAVAIL` if it is not there.
   */
  drop(vip: VipAddress): Promise<void>;
  /** All addresses of this network namespace. */
  list(): Promise<readonly HeldAddress[]>;
  /** Told of every address that comes or goes, whoever did it. Returns how to stop. */
  watch(listener: (change: AddressChange) => void): () => void;
}
