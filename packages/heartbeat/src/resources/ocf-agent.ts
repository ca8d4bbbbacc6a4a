/**
 * OCF agents in haresources: positional arguments become parameters by name.
 *
 * The table has what the wrappers of resource.d take, in their order. An agent that is not in it can be named with its
 * parameters written out: `dhcpd::config=/etc/dhcp/dhcpd.conf`.
 * Source: OCF resource agent API 1.0; specification of heartbeat, section 11.
 */
import { ResourceError, type ResourceSpec } from "./resource.js";

const PARAMETERS: Readonly<Record<string, readonly string[]>> = {
  AudibleAlarm: ["nodelist"],
  Filesystem: ["device", "directory", "fstype", "options"],
  LVM: ["volgrpname"],
  "LVM-activate": ["vgname", "lvname"],
  LinuxSCSI: ["scsi"],
  Raid1: ["raidconf", "raiddev"],
  Route: ["destination", "device", "gateway"],
  ServeRAID: ["serveraid", "mergegroup"],
  WinPopup: ["hostfile"],
  Xen: ["xmfile"],
  Xinetd: ["service"],
  apache: ["configfile"],
  exportfs: ["directory", "fsid", "clientspec"],
  mdraid: ["mdadm_conf", "md_dev"],
  named: ["named_config"],
  nginx: ["configfile"],
  squid: ["squid_conf"],
  symlink: ["target", "link"],
};

/** Classic verbs and what an OCF agent calls them. */
export const OCF_ACTION = { start: "start", stop: "stop", status: "monitor" } as const;
/** An OCF agent's exit status for "not running". */
const OCF_SUCCESS = 0;

/** @throws ResourceError `bad-argument` for an argument that has no name. */
export function ocfEnvironment({ text, script, args }: ResourceSpec): Readonly<Record<string, string>> {
  const names = PARAMETERS[script] ?? [];
  const parameters = args.map((arg, index): [string, string] => {
    const [, given, value] = /^([a-zA-Z_][\w-]*)=(.*)$/.exec(arg) ?? [];
    if (given !== undefined && value !== undefined) return [given, value];
    const name = names[index];
    if (name === undefined)
      throw new ResourceError(
        "bad-argument",
        `${text}: write "${arg}" as PARAMETER=${arg}, ${script} is an OCF agent`,
      );
    return [name, arg];
  });
  return {
    OCF_RA_VERSION_MAJOR: "1",
    OCF_RA_VERSION_MINOR: "0",
    OCF_RESOURCE_TYPE: script,
    OCF_RESOURCE_PROVIDER: "heartbeat",
    OCF_RESOURCE_INSTANCE: text.replaceAll(/[^\w.-]+/g, "_"),
    ...Object.fromEntries(parameters.map(([name, value]) => [`OCF_RESKEY_${name}`, value])),
  };
}

export const ocfRuns = (status: number): boolean => status === OCF_SUCCESS;
