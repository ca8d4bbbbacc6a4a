/** Announcements that only a trace sees. */
import type { IpAddress } from "@systole/wire";
import type { Announcer } from "../announcer.js";
import { type FakeContext, perform } from "./act.js";
import type { FakeLinks } from "./links.js";

export interface FakeAnnouncer extends Announcer {
  /** `announce`, at once. @throws KernelError */
  announceNow(vip: IpAddress, device: string): void;
}

export function fakeAnnouncer(context: FakeContext, links: FakeLinks): FakeAnnouncer {
  function announceNow(vip: IpAddress, device: string): void {
    perform(context, { type: "announce", vip, device }, `announce ${vip} on ${device}`, () => {
      const link = links.find(device);
      if (link === undefined) return "ENODEV";
      return link.up ? undefined : "ENETDOWN";
    });
  }
  return {
    announceNow,
    async announce(vip, device) {
      announceNow(vip, device);
    },
  };
}
