/** The table of subcommands: each is a file in `commands/`. Completions and manual pages follow from it. */
import { type Program, runRoot } from "@systole/daemon";
import { authkeysCommand } from "./commands/authkeys.js";
import { eventsCommand } from "./commands/events.js";
import { reloadCommand } from "./commands/reload.js";
import { restartCommand } from "./commands/restart.js";
import { serverCommand } from "./commands/server.js";
import { statusCommand } from "./commands/status.js";
import { whyCommand } from "./commands/why.js";
import { VERSION } from "./version.js";

/** @param root directory of the daemons' runtime directories */
export const program = (root: string = runRoot()): Program => ({
  name: "systole",
  version: VERSION,
  summary: "asks and tells the daemons of this director",
  commands: [
    ...[statusCommand(root), serverCommand(root), whyCommand(), eventsCommand()],
    ...[reloadCommand(root), restartCommand(root), authkeysCommand],
  ],
});
