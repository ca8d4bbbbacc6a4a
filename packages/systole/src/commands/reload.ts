/** `systole reload`: the daemon reads its files again, and the exit code says whether it took them. */
import { type Command, controlClient, controlPath } from "@systole/daemon";

/** Names are resolved while a file is read, and resolvers are slow. */
const LIMIT_MS = 30_000;

export const reloadCommand = (root: string): Command => ({
  name: "reload",
  positionals: "DAEMON",
  summary: "the daemon reads its files again; exit 1 if they have a mistake and the old ones stay",
  arity: { from: 1, to: 1 },
  async run({ positionals, out }) {
    const [daemon = ""] = positionals;
    await controlClient(controlPath(daemon, root), { limitMs: LIMIT_MS }).call("reload");
    if (out.wantsJson) out.json({ schemaVersion: 1, daemon, reloaded: true });
    else out.line(`${daemon}: reloaded`);
  },
});
