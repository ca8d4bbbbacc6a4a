/** A real conntrackd on a node, with the configuration that ctsyncd has on the other one. */
import type { LabNode } from "../lab/node.js";
import { peerOn } from "../lab/peer.js";
import { until } from "../lab/until.js";
import { configuration, type Medium, type Settings } from "../netns/ctsyncd-pair.js";

const CONF = "/etc/conntrackd/conntrackd.conf";

/** A request to it, by its own client. */
export const conntrackd = async (node: LabNode, options: string | readonly string[], check = true) =>
  (await peerOn(node, "cluster")).run(["conntrackd", "-C", CONF, ...[options].flat()], { check });

/** @returns its process id, as this machine numbers it. */
export async function startConntrackd(
  node: LabNode,
  medium: Medium,
  settings: Settings = {},
): Promise<number> {
  const peer = await peerOn(node, "cluster");
  peer.put(CONF, configuration(node, medium, settings));
  await peer.sh("mkdir -p /var/lock");
  const pid = await peer.daemon("conntrackd", ["conntrackd", "-C", CONF]);
  const answers = async () => (await conntrackd(node, "-s", false)).status === 0;
  await until(`conntrackd on ${node.name} to answer`, answers, { everyMs: 100 });
  return pid;
}

/** Its external cache, without the ages. */
export const externalOf = async (node: LabNode): Promise<readonly string[]> =>
  (await conntrackd(node, "-e")).stdout.split("\n").filter((line) => line !== "");
