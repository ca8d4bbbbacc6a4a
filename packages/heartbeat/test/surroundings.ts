/** A machine for tests of ha.cf: what its files name is there, what they should not name is not. */
import type { HaCfSurroundings } from "../src/config/ha-cf.js";

const FILES: Readonly<Record<string, ReturnType<HaCfSurroundings["fileKind"]>>> = {
  "/dev/ttyS0": "character-device",
  "/dev/null": "character-device",
  "/dev/watchdog": "character-device",
  "/usr/bin/pingd": "program",
  "/bin/true": "program",
  "/bin": "directory",
  "/etc/passwd": "other",
  "/etc/ha.d/null.cfg": "other",
};

export const surroundings = (localNode: string): HaCfSurroundings => ({
  localNode,
  isUser: (name) => ["root", "hacluster"].includes(name),
  isGroup: (name) => ["root", "haclient"].includes(name),
  isInterface: (name) => ["lo", "eth0", "eth1", "eth2"].includes(name),
  isFenceType: (type) => ["null", "ssh", "external/ipmi"].includes(type),
  fileKind: (path) => FILES[path] ?? "missing",
  port: undefined,
  serviceOf: (port) => (port === 123 ? "ntp" : undefined),
});
