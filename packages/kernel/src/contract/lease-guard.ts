import { type IpAddress, parseIp } from "@systole/wire";
import { type ContractCase, refuses } from "./case.js";

const VIPS: readonly IpAddress[] = ["192.0.2.10", "192.0.2.11", "2001:db8::10"].map((text) => parseIp(text)!); // valid

export const leaseGuardCases: readonly ContractCase[] = [
  {
    part: "leaseGuard",
    name: "VIPs of both families are granted, renewed, silenced and released; whatever is not there stays so",
    async run({ kernel: { leaseGuard } }) {
      await leaseGuard.arm();
      await leaseGuard.grant(VIPS, 500);
      await leaseGuard.grant(VIPS.slice(1), 60_000);
      await leaseGuard.silence(VIPS);
      await leaseGuard.silence(VIPS);
      await leaseGuard.release(VIPS);
      await leaseGuard.release(VIPS);
      await leaseGuard.disarm();
    },
  },
  {
    part: "leaseGuard",
    name: "without the rules a grant is ENOENT; arming them again helps, disarming twice does no harm",
    async run({ kernel: { leaseGuard } }) {
      await leaseGuard.disarm();
      await refuses("ENOENT", leaseGuard.grant(VIPS, 500));
      await leaseGuard.arm();
      await leaseGuard.arm();
      await leaseGuard.grant(VIPS, 500);
      await leaseGuard.disarm();
      await leaseGuard.disarm();
    },
  },
];
