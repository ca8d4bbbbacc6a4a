/** Where heartbeat's files are, as the original's were. */
export const paths = {
  haCf: "/etc/ha.d/ha.cf",
  haresources: "/etc/ha.d/haresources",
  authkeys: "/etc/ha.d/authkeys",
  resourceFolders: ["/etc/ha.d/resource.d", "/etc/init.d"],
  unitFolders: [
    "/etc/systemd/system",
    "/run/systemd/system",
    "/usr/local/lib/systemd/system",
    "/usr/lib/systemd/system",
    "/lib/systemd/system",
  ],
  agentFolders: ["/usr/lib/ocf/resource.d/heartbeat"],
  generation: "/var/lib/heartbeat/hb_generation",
  uuid: "/var/lib/heartbeat/hb_uuid",
  heard: "/var/lib/heartbeat/systole_peers",
  eventFolder: "/etc/ha.d/rc.d",
  dispatcher: "/etc/ha.d/harc",
  register: "/var/run/heartbeat/register",
  fifo: "/var/lib/heartbeat/fifo",
  rsctmp: "/var/run/heartbeat/rsctmp",
  pid: "/var/run/heartbeat.pid",
} as const;
