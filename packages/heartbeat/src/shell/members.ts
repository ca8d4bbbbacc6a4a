/** The members of the cluster as the original's tools see them: nodes, then ping nodes, each with its links. */
import type { HeartbeatStatus } from "./commands.js";

export interface Member {
  readonly node: string;
  readonly type: "normal" | "ping";
  /** `init` `up` `active` `dead`; of a ping node `init` `ping` `dead`. */
  readonly state: string;
  readonly weight: number;
  readonly site: string;
  readonly links: readonly { readonly name: string; readonly state: "up" | "dead" }[];
}

/** In the order of ha.cf. A ping node has one link, which is called like it. */
export function membersOf({
  nodes,
  pings,
  media,
  node: local,
  ownLinks,
  attributes,
}: HeartbeatStatus): readonly Member[] {
  const of = (node: string) => ({ weight: 100, site: "", ...attributes[node] });
  return [
    ...nodes.map(({ node, state, links }) => {
      const up = node === local ? ownLinks : links;
      const names = new Set([...media.map(({ device }) => device), ...links]);
      return {
        ...{ node, state, type: "normal" as const },
        ...of(node),
        links: [...names].map((name) => ({ name, state: linkState(up.includes(name)) })),
      };
    }),
    ...pings.map(({ node, state }) => ({
      ...{ node, state, type: "ping" as const },
      ...of(node),
      links: [{ name: node, state: linkState(state === "ping") }],
    })),
  ];
}

/** Names of nodes do not care about case. */
export const memberNamed = (status: HeartbeatStatus, name: string): Member | undefined =>
  membersOf(status).find(({ node }) => node === name.toLowerCase());

const linkState = (isUp: boolean): "up" | "dead" => (isUp ? "up" : "dead");
