/** Weights and sites of nodes, as hb_setweight and hb_setsite say them. Forgotten when heartbeat ends. */
import type { OtherMessage } from "../core/message.js";
import type { HeartbeatStatus } from "./commands.js";

export interface NodeAttributes {
  /** `setweight` and `setsite`; any other message changes nothing. */
  hear(message: OtherMessage): void;
  all(): HeartbeatStatus["attributes"];
}

/** @param isMember others have no attributes, so there are never more than nodes. */
export function createNodeAttributes(isMember: (node: string) => boolean): NodeAttributes {
  const known = new Map<string, { readonly weight?: number; readonly site?: string }>();
  return {
    hear({ name, fields }) {
      const said = new Map(fields);
      const node = said.get("node")?.toLowerCase() ?? "";
      if (!isMember(node)) return;
      const weight = Number.parseInt(said.get("weight") ?? "", 10);
      const site = said.get("site");
      if (name === "setweight" && weight >= 0) known.set(node, { ...known.get(node), weight });
      if (name === "setsite" && site !== undefined) known.set(node, { ...known.get(node), site });
    },
    all: () => Object.fromEntries(known),
  };
}
