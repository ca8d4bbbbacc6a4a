/** From a word of haresources to the resource that it names: built in, or a script. */

import type { ControlCall } from "./control-call.js";
import { ctsync } from "./ctsync.js";
import { type IpAddressDependencies, ipAddress } from "./ip-address.js";
import { ldirectord } from "./ldirectord.js";
import { type MailToDependencies, mailTo } from "./mail-to.js";
import type { Resource, ResourceSpec } from "./resource.js";
import { type ScriptDependencies, script } from "./script.js";

export interface CatalogueDependencies extends IpAddressDependencies, MailToDependencies, ScriptDependencies {
  readonly call: ControlCall;
}

/** @throws ResourceError `bad-argument` if a built-in resource cannot make sense of its arguments. */
export function makeResource(spec: ResourceSpec, dependencies: CatalogueDependencies): Resource {
  switch (spec.script) {
    case "IPaddr":
    case "IPaddr2":
    case "IPv6addr":
      return ipAddress(spec, dependencies);
    case "ldirectord":
      return ldirectord(spec, dependencies);
    case "ctsyncd":
    case "ctsync":
      return ctsync(spec, dependencies);
    case "MailTo":
      return mailTo(spec, dependencies);
    default:
      return script(spec, dependencies);
  }
}
