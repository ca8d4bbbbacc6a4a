/** From a word of haresources to the resource that it names: built in, or a script. */

import type { Network } from "@systole/kernel";
import type { ControlCall } from "./control-call.js";
import { ctsync } from "./ctsync.js";
import { delay } from "./delay.js";
import { type IpAddressDependencies, ipAddress } from "./ip-address.js";
import { ldirectord } from "./ldirectord.js";
import { type MailToDependencies, mailTo } from "./mail-to.js";
import { portBlock } from "./port-block.js";
import type { Resource, ResourceSpec } from "./resource.js";
import { type ScriptDependencies, script } from "./script.js";
import { sendArp } from "./send-arp.js";
import { sourceAddress } from "./source-address.js";
import { syncDaemonSwap } from "./sync-daemon-swap.js";

export interface CatalogueDependencies
  extends Omit<IpAddressDependencies, "kernel">,
    MailToDependencies,
    ScriptDependencies {
  readonly kernel: Network;
  readonly call: ControlCall;
}

type Maker = (spec: ResourceSpec, dependencies: CatalogueDependencies) => Resource;

/** What needs no script. Each refuses arguments that it cannot make sense of when it is made. */
export const BUILT_IN: Readonly<Record<string, Maker>> = {
  IPaddr: ipAddress,
  IPaddr2: ipAddress,
  IPv6addr: ipAddress,
  IPsrcaddr: sourceAddress,
  SendArp: sendArp,
  ldirectord,
  ctsyncd: ctsync,
  ctsync,
  MailTo: mailTo,
  LVSSyncDaemonSwap: syncDaemonSwap,
  portblock: portBlock,
  Delay: delay,
};

/** @throws ResourceError `bad-argument` if a built-in resource cannot make sense of its arguments. */
export const makeResource: Maker = (spec, dependencies) =>
  (Object.hasOwn(BUILT_IN, spec.script) ? BUILT_IN[spec.script]! : script)(spec, dependencies);
