/** Verbs about members: what cl_status asks beyond `status`, and what hb_setweight and hb_setsite say. */
import { ControlError, type Verbs } from "@systole/daemon";
import type { Neighbourhood } from "./neighbourhood.js";

const DEFAULT_LIMIT_MS = 100;
const LONGEST_LIMIT_MS = 4000;

export function memberVerbs({ clients, say }: Pick<Neighbourhood, "clients" | "say">): Verbs {
  const attribute = (name: "setweight" | "setsite", field: string, value: unknown, node: unknown) => {
    if (node === "") throw new ControlError("bad-request", "name a node");
    say({
      type: "other",
      name,
      fields: [
        ["node", String(node)],
        [field, String(value)],
      ],
    });
    return "told to the cluster";
  };
  return {
    /** Answers `online`, `offline`, or null: the node did not say in time. */
    "client-status": {
      changes: false,
      async run({ node, client, limitMs }) {
        const limit = Math.min(Number(limitMs) || DEFAULT_LIMIT_MS, LONGEST_LIMIT_MS);
        return (await clients.ask(String(node), String(client), limit)) ?? null;
      },
    },
    "set-weight": {
      changes: true,
      run({ node, weight }) {
        if (!/^\d{1,9}$/.test(String(weight)))
          throw new ControlError("bad-request", `"${String(weight)}" is no weight`);
        return attribute("setweight", "weight", weight, node);
      },
    },
    "set-site": { changes: true, run: ({ node, site }) => attribute("setsite", "site", site, node) },
  };
}
