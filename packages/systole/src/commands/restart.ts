/** `systole restart`: the daemon ends on purpose and leaves what it holds to the next process of its own. */
import { type Command, controlClient, controlPath } from "@systole/daemon";

/** Every peer must have heard of it. */
const LIMIT_MS = 10_000;

export const restartCommand = (root: string): Command => ({
  name: "restart",
  positionals: "DAEMON",
  summary: "the service manager starts the daemon anew and nothing moves; exit 1 if that is not possible now",
  arity: { from: 1, to: 1 },
  async run({ positionals, out }) {
    const [daemon = ""] = positionals;
    const reason = await controlClient(controlPath(daemon, root), { limitMs: LIMIT_MS }).call("restart");
    if (out.wantsJson) out.json({ schemaVersion: 1, daemon, restarted: true, reason });
    else out.line(`${daemon}: ${String(reason)}`);
  },
});
