/** The settings of the classic example on lb2, which comes second: a group that prefers lb1, and no lease. */
import { milliseconds, seconds } from "@systole/machine";
import type { ClusterSettings } from "../../src/core/settings.js";

export const CLASSIC: ClusterSettings = {
  local: "lb2",
  nodes: ["lb1", "lb2"],
  keepalive: seconds(1),
  deadtime: seconds(5),
  warntime: seconds(3),
  initdead: seconds(10),
  maxRexmitDelay: milliseconds(250),
  autoFailback: "on",
  groups: [{ key: "web", preferred: "lb1", resources: ["web"] }],
  lease: undefined,
  fencing: false,
};
