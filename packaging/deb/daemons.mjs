/** What the maintainer scripts of the daemons' packages differ in: words for the templates daemon.preinst and so on. */

/** Not "restart": a stop gives up what is held. Killed, it is back within a moment and adopts what it left behind. */
const KILL = 'systemctl kill --kill-who=main --signal=KILL "$unit"';
/** With a short lease a new process may come too late: the old one is asked to leave its VIPs a longer one first. */
const HAND_ON = `systole restart heartbeat >/dev/null 2>&1 || ${KILL}`;
const RESTART = 'deb-systemd-invoke restart "$unit" >/dev/null';
/** The original of the same name reads the same files: while it is installed, a purge of ours leaves them alone. */
const unlessInstalled = (other, command) =>
  `[ "$(dpkg-query -W -f '\${db:Status-Status}' ${other} 2>/dev/null)" = installed ] || ${command}`;
const edited = (file, md5) => `! echo "${md5}  ${file}" | md5sum --status -c - 2>/dev/null`;

/**
 * heartbeat starts the original ldirectord, so its unit is disabled wherever haresources names it. Ours must run by then:
 * heartbeat only tells it when its table is wanted. While packages are unpacked the administrator's file is set aside.
 */
const NAMED_IN_HARESOURCES = `local file=/etc/ha.d/haresources
    [ ! -e "$file.before-systole" ] || file=$file.before-systole
    grep -Eqs '^([^#]*[[:space:]])?ldirectord(::|[[:space:]]|$)' "$file"`;

/** @param md5 of a shipped file by its path. */
export const daemons = (md5) => ({
  heartbeat: {
    CONFIGURED: `${edited("/etc/ha.d/ha.cf", md5("etc/ha.d/ha.cf"))} && grep -qs '^[[:space:]]*auth' /etc/ha.d/authkeys`,
    EDIT: "edit /etc/ha.d/ha.cf and haresources, make a key (systole authkeys new)",
    NEEDED: "false",
    RENEW: HAND_ON,
    EXAMPLE: "[ -e /etc/ha.d/shellfuncs ] || install -D -m 644 -t /etc/ha.d /usr/share/systole/shellfuncs",
    PURGE: [
      unlessInstalled("heartbeat", "rm -rf /var/lib/heartbeat /var/log/ha-log* /var/log/ha-debug*"),
      unlessInstalled("resource-agents", "rm -f /etc/ha.d/shellfuncs"),
      "rmdir --ignore-fail-on-non-empty /etc/ha.d 2>/dev/null || true",
    ].join("\n    "),
  },
  ldirectord: {
    CONFIGURED: edited("/etc/ha.d/ldirectord.cf", md5("etc/ha.d/ldirectord.cf")),
    EDIT: "edit /etc/ha.d/ldirectord.cf",
    NEEDED: NAMED_IN_HARESOURCES,
    RENEW: KILL,
    EXAMPLE: ":",
    PURGE: unlessInstalled("ldirectord", "rm -f /var/log/ldirectord.log*"),
  },
  ctsyncd: {
    CONFIGURED:
      "! cmp -s /usr/share/systole/conntrackd.conf /etc/conntrackd/conntrackd.conf && ! systemctl -q is-active conntrackd",
    EDIT: "edit /etc/conntrackd/conntrackd.conf",
    NEEDED: "false",
    RENEW: RESTART,
    EXAMPLE:
      "[ -e /etc/conntrackd/conntrackd.conf ] || install -D -m 644 -t /etc/conntrackd /usr/share/systole/conntrackd.conf",
    PURGE: unlessInstalled(
      "conntrackd",
      "{ rm -f /etc/conntrackd/conntrackd.conf; rmdir --ignore-fail-on-non-empty /etc/conntrackd 2>/dev/null || true; }",
    ),
  },
  notifierd: {
    CONFIGURED: "true",
    EDIT: "edit /etc/systole/notifier.ini",
    NEEDED: "false",
    RENEW: RESTART,
    EXAMPLE: ":",
    PURGE: "rm -rf /var/lib/systole/notifierd /var/spool/systole /var/log/systole",
  },
});
