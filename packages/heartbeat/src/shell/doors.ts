/** Where others come in: the control socket, signals, the FIFO, the client API. */
import type { DaemonContext } from "@systole/daemon";
import type { CoreEvent } from "../core/event.js";
import type { Assembly } from "./assembly.js";
import { fifoCommand, heartbeatVerbs } from "./commands.js";
import { openFifo } from "./fifo.js";
import { memberVerbs } from "./member-verbs.js";
import { notifierVerbs } from "./notifier-words.js";
import { parametersOf } from "./parameters.js";
import { paths } from "./paths.js";
import { type ReloadDependencies, reload } from "./reload.js";

export interface DoorOptions extends ReloadDependencies {
  /** A service manager starts the next process when this one ends. */
  readonly managed: boolean;
}

export async function openDoors(
  context: DaemonContext,
  heartbeat: Assembly,
  { managed, ...reloading }: DoorOptions,
): Promise<void> {
  const { log } = context;
  const { present, answers, status, neighbourhood } = heartbeat;
  const feed = (event: CoreEvent) => present.feed(event);
  const parameter = (name: string) => parametersOf(present.configuration.haCf).get(name);
  await context.serve({
    ...heartbeatVerbs({ feed, answers, status, parameter, stop: context.stop, managed }),
    ...memberVerbs(neighbourhood),
    ...notifierVerbs({ status, say: neighbourhood.say }),
  });
  context.onReload(() => reload(context, heartbeat, reloading));
  const warn = (line: string) => log.warn({ event: "fifo" }, line);
  const fifo = openFifo(paths.fifo, {
    command: (fields) => fifoCommand(fields, { feed, answers, warn, say: neighbourhood.say }),
    warn,
  });
  context.onStop(async () => fifo.close());
  await neighbourhood.open();
}
