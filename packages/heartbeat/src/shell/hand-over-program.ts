/** hb_standby and hb_takeover: one set of groups, asked for on the control socket. */
import { type Command, controlClient, controlPath, type Program } from "@systole/daemon";
import { VERSION } from "./version.js";

const LIMIT_MS = 35_000;
/** As the original, which knows no other. */
const USAGE_EXIT = 1;

/** @param verb of heartbeat's control socket */
export function handOverProgram(name: string, verb: "standby" | "takeover", summary: string): Program {
  const command: Command = {
    name: "",
    summary,
    positionals: "[all|foreign|local|failback]",
    arity: { from: 0, to: 1 },
    async run({ positionals: [set = "all"], out }) {
      const client = controlClient(controlPath("heartbeat"), { limitMs: LIMIT_MS });
      const reason = await client.call(verb, { set });
      if (out.wantsJson) out.json({ set, reason });
      else out.line(`${verb} [${set}]: ${String(reason)}`);
      return 0;
    },
  };
  return { name, version: VERSION, summary, commands: [command], usageExit: USAGE_EXIT };
}
