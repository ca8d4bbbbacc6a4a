/**
 * Event scripts: for a message of type T that heartbeat itself makes nothing of, and for each change of a member's
 * status (T is `status`), `/etc/ha.d/rc.d/T` is run if it is there, through `/etc/ha.d/harc`. One at a time, in order.
 *
 * Source: specification of heartbeat, 7.10 and 7.11.
 */
import { accessSync, constants, statSync } from "node:fs";
import { join } from "node:path";
import { type Clock, seconds } from "@systole/machine";
import type { ProgramCall } from "../resources/child-process.js";
import type { RunForeign } from "../resources/foreign-program.js";
import { problemOf } from "../resources/resource.js";
import { withLimit } from "../resources/time-limit.js";
import type { News } from "./news.js";

export interface EventScriptsDependencies {
  readonly clock: Clock;
  /** Folder of the scripts, and the program that runs one by the name of its event. */
  readonly folder: string;
  readonly dispatcher: string;
  readonly environment: () => Readonly<Record<string, string>>;
  /** This node's own status, for `HA_OSTATUS`. */
  readonly ownStatus: () => string;
  readonly printed: (line: string) => void;
  readonly runForeign: RunForeign;
  readonly warn: (line: string) => void;
}

const LIMIT = seconds(300);
/** Events that wait for their script; what comes beyond is dropped, and told. */
const MOST_WAITING = 100;

export function createEventScripts(world: EventScriptsDependencies): (news: News) => void {
  const waiting: ProgramCall[] = [];
  let busy = false;
  let dropped = 0;

  async function work(): Promise<void> {
    for (let call = waiting.shift(); call !== undefined; call = waiting.shift()) await runOne(call, world);
    busy = false;
    if (dropped > 0)
      world.warn(`${dropped} events found more than ${MOST_WAITING} before them: no script was run`);
    dropped = 0;
  }

  return (news) => {
    const event = eventOf(news);
    if (event === undefined || !isProgram(join(world.folder, event.type))) return;
    if (waiting.length >= MOST_WAITING) return void dropped++;
    waiting.push(callOf(event, world));
    if (busy) return;
    busy = true;
    void work();
  };
}

async function runOne(call: ProgramCall, world: EventScriptsDependencies): Promise<void> {
  const { clock, printed, warn, runForeign } = world;
  const what = `event script ${call.args[0] ?? call.program}`;
  try {
    const { status } = await withLimit(clock, LIMIT, what, (signal) =>
      runForeign({ ...call, what }, signal, printed),
    );
    if (status !== 0) warn(`${what}: exit status ${status}`);
  } catch (error) {
    warn(`${what}: ${problemOf(error)}`);
  }
}

interface Event {
  readonly type: string;
  readonly fields: ReadonlyMap<string, string>;
}

/** Type in lower case; what could be a path is none. */
function eventOf(news: News): Event | undefined {
  switch (news.kind) {
    case "message": {
      const type = news.message.name.toLowerCase();
      if (!/^[a-z0-9][\w.-]*$/.test(type)) return undefined;
      return {
        type,
        fields: new Map([...news.message.fields, ["t", news.message.name], ["src", news.from]]),
      };
    }
    case "node":
      return {
        type: "status",
        fields: new Map([
          ["t", "status"],
          ["st", news.state],
          ["src", news.node],
        ]),
      };
    case "link":
      return undefined;
  }
}

function callOf({ type, fields }: Event, world: EventScriptsDependencies): ProgramCall {
  const { dispatcher, folder, environment, ownStatus } = world;
  const named = [...fields]
    .filter(([name]) => /^\w+$/.test(name))
    .map(([name, value]) => [`HA_${name}`, value]);
  return {
    program: isProgram(dispatcher) ? dispatcher : join(folder, type),
    args: [type],
    environment: { ...environment(), HA_OSTATUS: ownStatus(), ...Object.fromEntries(named) },
  };
}

function isProgram(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return statSync(path).isFile();
  } catch {
    return false;
  }
}
