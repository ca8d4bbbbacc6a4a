/** Network interfaces and whether they have a carrier. */
import type { MacAddress } from "@systole/wire";

export interface Link {
  readonly index: number;
  readonly name: string;
  readonly mac: MacAddress | undefined;
  /** Administratively up. */
  readonly up: boolean;
  /** The lower layer is there: a cable, a peer. */
  readonly carrier: boolean;
  readonly loopback: boolean;
}

export interface Links {
  list(): Promise<readonly Link[]>;
  /** @throws KernelError `ENODEV` if there is no such interface. */
  up(name: string): Promise<void>;
  /** Told of each link that appears or changes (`gone` false) or disappears (`gone` true). Returns how to stop. */
  watch(listener: (link: Link, gone: boolean) => void): () => void;
}
