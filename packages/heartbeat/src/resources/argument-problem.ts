/** What is wrong with the arguments of a built-in resource, told when haresources is read and not at a takeover. */
import { systemClock } from "@systole/machine";
import { delay } from "./delay.js";
import { parseIpSpec } from "./ip-spec.js";
import { parsePortBlock } from "./port-block.js";
import { problemOf, type ResourceSpec } from "./resource.js";
import { parseSendArp } from "./send-arp.js";
import { parseSyncDaemonSwap } from "./sync-daemon-swap.js";

/** Each throws what is wrong. */
const CHECKS: Readonly<Record<string, (spec: ResourceSpec) => void>> = {
  IPaddr: ({ args }) => parseIpSpec(args.join("::")),
  IPaddr2: ({ args }) => parseIpSpec(args.join("::")),
  IPv6addr: ({ args }) => parseIpSpec(args.join("::")),
  IPsrcaddr: ({ args }) => parseIpSpec(args.join("::")),
  SendArp: ({ args }) => parseSendArp(args.join("::")),
  LVSSyncDaemonSwap: parseSyncDaemonSwap,
  portblock: parsePortBlock,
  Delay: (spec) => delay(spec, { clock: systemClock() }),
  MailTo({ args }) {
    if (args[0] === undefined || args[0] === "") throw new Error("names no recipient");
  },
};

/** Undefined if nothing is, or if it is a script: only it knows what it takes. */
export function argumentProblem(spec: ResourceSpec): string | undefined {
  if (!Object.hasOwn(CHECKS, spec.script)) return undefined;
  try {
    CHECKS[spec.script]!(spec);
    return undefined;
  } catch (error) {
    return `${spec.script}: ${problemOf(error)}`;
  }
}
