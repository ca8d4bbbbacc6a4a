/**
 * What is in which package: the one table that the .deb and the .rpm are both made from.
 *
 * Programs are bundles of one file in /usr/lib/systole; `links` is where people find them. Everything else is a file of
 * this repository and its place in the system.
 */

/** A program of packages/`from`, and the links to it. */
const program = (name, from, ...links) => ({ name, from, links });
const man = (...pages) =>
  pages.map((page) => [`docs/man/${page}`, `usr/share/man/man${page.at(-1)}/${page}`]);
const unit = (name) => [`systemd/${name}.service`, `usr/lib/systemd/system/${name}.service`];

export const packages = {
  "systole-common": {
    programs: [program("systole", "systole", "usr/sbin/systole")],
    files: [
      ["packaging/systole-node", "usr/lib/systole/systole-node", 0o755],
      ...man("systole.8"),
      ["systemd/systole.sysusers.conf", "usr/lib/sysusers.d/systole.conf"],
      ["systemd/systole.tmpfiles.conf", "usr/lib/tmpfiles.d/systole.conf"],
      ["systemd/systole.modules-load.conf", "usr/lib/modules-load.d/systole.conf"],
    ],
    conffiles: [],
    /** Made from packages/sys while the package is built. */
    compiled: ["usr/lib/systole/sysfd.node"],
  },
  "systole-heartbeat": {
    unit: "heartbeat",
    programs: [
      program("heartbeat", "heartbeat", "usr/sbin/heartbeat"),
      // /usr/share/heartbeat is where scripts and fingers have found these for twenty years.
      program("hb_standby", "heartbeat", "usr/sbin/hb_standby", "usr/share/heartbeat/hb_standby"),
      program("hb_takeover", "heartbeat", "usr/sbin/hb_takeover", "usr/share/heartbeat/hb_takeover"),
      program("hb_addnode", "heartbeat", "usr/sbin/hb_addnode", "usr/share/heartbeat/hb_addnode"),
      program("hb_delnode", "heartbeat", "usr/sbin/hb_delnode", "usr/share/heartbeat/hb_delnode"),
      program("hb_setweight", "heartbeat", "usr/share/heartbeat/hb_setweight"),
      program("hb_setsite", "heartbeat", "usr/share/heartbeat/hb_setsite"),
      program("ResourceManager", "heartbeat", "usr/share/heartbeat/ResourceManager"),
      program("req_resource", "heartbeat", "usr/share/heartbeat/req_resource"),
      program("mach_down", "heartbeat", "usr/share/heartbeat/mach_down"),
      program("cl_status", "heartbeat", "usr/bin/cl_status"),
    ],
    files: [
      unit("heartbeat"),
      ...man("heartbeat.8", "hb_standby.8", "hb_takeover.8", "cl_status.1"),
      ...man("hb_addnode.8", "hb_delnode.8", "hb_setweight.8", "hb_setsite.8"),
      ...man("ResourceManager.8", "req_resource.8", "mach_down.8"),
      ...man("ha.cf.5", "haresources.5", "authkeys.5"),
      // Not a conffile: where resource-agents is installed, /etc/ha.d/shellfuncs is its own.
      ["etc/ha.d/shellfuncs", "usr/share/systole/shellfuncs"],
    ],
    conffiles: [
      ["etc/ha.d/ha.cf", "etc/ha.d/ha.cf"],
      ["etc/ha.d/haresources", "etc/ha.d/haresources"],
      ["etc/ha.d/authkeys", "etc/ha.d/authkeys", 0o600],
      ["etc/ha.d/harc", "etc/ha.d/harc", 0o755],
      ["packaging/etc/logrotate-heartbeat", "etc/logrotate.d/heartbeat"],
    ],
  },
  "systole-ldirectord": {
    unit: "ldirectord",
    programs: [program("ldirectord", "ldirectord", "usr/sbin/ldirectord")],
    files: [unit("ldirectord"), ...man("ldirectord.8", "ldirectord.cf.5")],
    conffiles: [
      ["etc/ha.d/ldirectord.cf", "etc/ha.d/ldirectord.cf"],
      ["packaging/etc/logrotate-ldirectord", "etc/logrotate.d/ldirectord"],
    ],
  },
  "systole-ctsyncd": {
    unit: "ctsyncd",
    programs: [
      program("ctsyncd", "ctsyncd", "usr/sbin/ctsyncd"),
      program("ctsync", "ctsyncd", "usr/sbin/ctsync"),
    ],
    files: [
      unit("ctsyncd"),
      ...man("ctsyncd.8", "ctsync.8", "conntrackd.conf.5"),
      // Not a conffile: /etc/conntrackd/conntrackd.conf belongs to conntrackd, which may stay installed.
      ["etc/conntrackd/conntrackd.conf", "usr/share/systole/conntrackd.conf"],
    ],
    conffiles: [],
  },
  "systole-notifier": {
    unit: "notifierd",
    programs: [
      program("notifierd", "notifierd", "usr/sbin/notifierd"),
      program("notifier", "notifierd", "usr/sbin/notifier"),
    ],
    files: [
      unit("notifierd"),
      ...man("notifierd.8", "notifier.8", "notifier.ini.5"),
      // Without it the other daemons leave nothing for a notifierd that will never come.
      ["systemd/systole-notifier.tmpfiles.conf", "usr/lib/tmpfiles.d/systole-notifier.conf"],
    ],
    conffiles: [["etc/systole/notifier.ini", "etc/systole/notifier.ini"]],
  },
};
