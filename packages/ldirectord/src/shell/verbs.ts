/** What can be asked of a running ldirectord on its control socket. */
import { ControlError, type Logger, type Verb, type Verbs } from "@systole/daemon";
import type { Balancer } from "@systole/kernel";
import type { DirectorEvent, DirectorState } from "../core/director-state.js";
import { readConfiguration } from "./configuration.js";
import { daemonName, type Instance } from "./instance.js";
import { readOrder } from "./operator-verb.js";
import type { Orders } from "./orders.js";
import type { Moment } from "./overrides-file.js";
import type { Performer } from "./performer.js";
import { planFor } from "./planning.js";
import { type Loaded, statusOf } from "./status.js";

export interface VerbParts {
  readonly instance: Instance;
  readonly loaded: Loaded;
  readonly balancer: Balancer;
  readonly log: Logger;
  readonly performer: Performer;
  readonly orders: Orders;
  readonly moment: () => Moment;
  readonly feed: (event: DirectorEvent) => void;
  readonly state: () => DirectorState;
  /** It became active, or standby. */
  readonly turned: () => void;
}

export function verbs(parts: VerbParts): Verbs {
  const { instance, loaded, balancer, log, performer, orders, moment, feed, state, turned } = parts;

  /** Who names a configuration means this one, or is told so. */
  const forUs = (run: Verb): Verb => {
    return (args, caller) => {
      if (typeof args.config === "string" && daemonName(args.config) !== daemonName(instance.path))
        throw new ControlError("wrong-config", `this ldirectord runs ${instance.path}, not ${args.config}`);
      return run(args, caller);
    };
  };

  const change = (type: "activate" | "deactivate") => async () => {
    const problems = await performer.settle((request) => feed({ type, request }));
    const done = type === "activate" ? "active: the table is kept" : "standby: the table is left";
    log.info({ event: `director.${type}d` }, done);
    turned();
    return { active: type === "activate", problems };
  };

  async function operate(args: Readonly<Record<string, unknown>>) {
    const { targets, override, named } = readOrder(args, state(), moment());
    const problems = await performer.settle((request) =>
      feed({ type: "operate", targets, override, request }),
    );
    const kept = orders.problem();
    return { servers: named, problems, ...(kept === undefined ? {} : { notKept: kept }) };
  }

  async function plan() {
    const { config, complaints } = await readConfiguration(instance.path);
    if (config === undefined) throw new ControlError("bad-config", complaints.join("\n"));
    return await planFor(state(), config.director, balancer, () => moment().now, "running");
  }

  const status = async () => statusOf(state(), loaded, balancer.kind, await balancer.read(), moment());

  return {
    status: { changes: false, run: forUs(status) },
    plan: { changes: false, run: forUs(plan) },
    activate: { changes: true, run: forUs(change("activate")) },
    deactivate: { changes: true, run: forUs(change("deactivate")) },
    server: { changes: true, run: forUs(operate) },
  };
}
