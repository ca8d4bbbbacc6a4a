/** Is this director a standby? heartbeat is asked, and asked again after each of its events. */
import { controlClient, controlPath } from "@systole/daemon";
import { type Clock, milliseconds, plus } from "@systole/machine";

export interface RoleParts {
  readonly clock: Clock;
  /** heartbeat's status: the groups, and what this node has of each. Rejects if nobody answers. */
  readonly ask: () => Promise<{ readonly groups?: readonly { readonly here?: string }[] }>;
  readonly background: (what: string, work: Promise<unknown>) => void;
}

export interface Role {
  /** heartbeat said something: things may be different now. */
  changed(): void;
  /** False also if nobody knows: rather two letters than none. */
  isStandby(): boolean;
}

/** One question for a burst of events; shorter than any group wait that makes sense. */
const PAUSE = milliseconds(300);

const SERVED: ReadonlySet<string> = new Set(["running", "starting"]);

export function openRole({ clock, ask, background }: RoleParts): Role {
  let isStandby = false;
  let asked = false;

  async function look(): Promise<void> {
    asked = false;
    try {
      const { groups = [] } = await ask();
      isStandby = groups.length > 0 && !groups.some(({ here = "running" }) => SERVED.has(here));
    } catch {
      isStandby = false;
    }
  }

  return {
    changed() {
      if (asked) return;
      asked = true;
      clock.at(plus(clock.now(), PAUSE), () => background("asking heartbeat", look()));
    },
    isStandby: () => isStandby,
  };
}

/** @param runRoot the directory of the runtime directories */
export const askHeartbeat = (runRoot: string): RoleParts["ask"] => {
  const heartbeat = controlClient(controlPath("heartbeat", runRoot), { limitMs: 2000 });
  // heartbeat's own answer; one of another shape has no groups we know
  return async () => (await heartbeat.call("status")) as Awaited<ReturnType<RoleParts["ask"]>>;
};
