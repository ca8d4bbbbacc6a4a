/**
 * The lines that scripts and monitoring have grepped for over twenty years, one function each, byte for byte.
 * Pinned by test/log-lines.test.ts. Source: specification of heartbeat, section 1.1.
 */
export const logLines = {
  configurationValidated: (version: string) => `Configuration validated. Starting heartbeat ${version}`,
  version: (version: string) => `heartbeat: version ${version}`,
  generation: (generation: number) => `Heartbeat generation: ${generation}`,
  newUuid: () => "No uuid found for current node - generating a new uuid.",
  noGeneration: (generation: number) => `No Previous generation - starting at ${generation}`,
  localStatus: (status: "up" | "active") => `Local status now set to: '${status}'`,
  linkUp: (node: string, device: string) => `Link ${node}:${device} up.`,
  linkDead: (node: string, device: string) => `Link ${node}:${device} dead.`,
  statusUpdate: (node: string, status: string) => `Status update for node ${node}: status ${status}`,
  commNowUp: () => "Comm_now_up(): updating status to active",
  initialAcquisitionComplete: (reason: string) => `Initial resource acquisition complete (${reason})`,
  localAcquisitionCompleted: (none: boolean) =>
    `Local Resource acquisition completed.${none ? " (none)" : ""}`,
  localTransitionCompleted: () => "local resource transition completed.",
  remoteTransitionCompleted: () => "remote resource transition completed.",
  nodeDead: (node: string) => `node ${node}: is dead`,
  lateHeartbeat: (node: string, ms: number) => `Late heartbeat: Node ${node}: interval ${ms} ms`,
  lateBeyondDeadtime: (node: string, ms: number) =>
    `Late heartbeat: Node ${node}: interval ${ms} ms (> deadtime)`,
  returningAfterPartition: (node: string) => `Cluster node ${node} returning after partition.`,
  noStonith: () => "No STONITH device configured.",
  disksUnprotected: () => "Shared disks are not protected.",
  acquiringFrom: (node: string) => `Resources being acquired from ${node}.`,
  machDownComplete: () => "mach_down takeover complete.",
  lostPackets: (count: number, node: string, last: number, current: number) =>
    `${count} lost packet(s) for [${node}] [${last}:${current}]`,
  nothingMissing: (node: string) => `No pkts missing from ${node}!`,
  irretrievablyLost: (node: string, sequence: number) =>
    `Irretrievably lost packet: node ${node} seq ${sequence}`,
  restartOn: (node: string) => `Heartbeat restart on node ${node}`,
  replayAttack: (node: string, generation: number, current: number) =>
    `should_drop_message: attempted replay attack [${node}]? [gen = ${generation}, curgen = ${current}]`,
  bothOwnOurs: () => "Both machines own our resources!",
  bothOwnForeign: () => "Both machines own foreign resources!",
  nobodyOwnsOurs: () => "No one owns our local resources!",
  nobodyOwnsForeign: () => "No one owns foreign resources!",
  wantsStandby: (node: string, set: string) => `${node} wants to go standby [${set}]`,
  canTake: (node: string, set: string) => `standby: ${node} can take our ${set} resources`,
  acquireFrom: (set: string, node: string) => `standby: acquire [${set}] resources from ${node}`,
  giveUp: (set: string) => `give up ${set} HA resources (standby).`,
  acquire: (set: string) => `acquire ${set} HA resources (standby).`,
  localStandbyCompleted: (set: string) => `Local standby process completed [${set}].`,
  standbyAcquisitionDone: (set: string) => `Standby resource acquisition done [${set}].`,
  otherCompletedStandby: (set: string) => `Other node completed standby takeover of ${set} resources.`,
  standbyUnanswered: () => "No reply to standby request.  Standby request cancelled.",
  shutdownNotice: (node: string) => `Received shutdown notice from '${node}'.`,
  givingUpAll: () => "Giving up all HA resources.",
  allRelinquished: () => "All HA resources relinquished.",
  shutdownComplete: (node: string) => `${node} Heartbeat shutdown complete.`,
  shutdownDelayed: () => "Shutdown delayed until current resource activity finishes.",
  rereadingAuthkeys: () => "Rereading authentication file.",
  configurationUnchanged: () => "Configuration unchanged.",
  acquiringGroup: (node: string, resources: readonly string[]) =>
    `Acquiring resource group: ${[node, ...resources].join(" ")}`,
  releasingGroup: (node: string, resources: readonly string[]) =>
    `Releasing resource group: ${[node, ...resources].join(" ")}`,
  running: (script: string, args: readonly string[], action: "start" | "stop") =>
    `Running ${[script, ...args, action].join(" ")}`,
  rebootRequired: () => "CRIT: Resource STOP failure. Reboot required!",
  returnCode: (code: number, script: string) => `ERROR: Return code ${code} from ${script}`,
  givingUpGroup: (resource: string) => `CRIT: Giving up resources due to failure of ${resource}`,
} as const;
