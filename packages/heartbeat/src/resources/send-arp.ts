/**
 * The resource `SendArp::<ip>[/<device>]`: tells the neighbours that an address is here, and nothing else.
 *
 * For an address that something else brings up. It counts as running from its start to its stop.
 */
import type { Kernel } from "@systole/kernel";
import { type Clock, milliseconds, plus, seconds } from "@systole/machine";
import { findInterface } from "./find-interface.js";
import { parseIpSpec } from "./ip-spec.js";
import { problemOf, type Resource, ResourceError, type ResourceSpec } from "./resource.js";

const LIMITS = { status: seconds(1), start: seconds(5), stop: seconds(1) };
const TIMES = 5;
const INTERVAL = milliseconds(200);

export interface SendArpDependencies {
  readonly clock: Clock;
  readonly kernel: Pick<Kernel, "addresses" | "announcer">;
  readonly mayHold: () => boolean;
  readonly warn: (problem: string) => void;
}

/** @throws ResourceError `bad-argument` if the argument is no address. */
export function sendArp(spec: ResourceSpec, world: SendArpDependencies): Resource {
  const { clock, kernel, mayHold, warn } = world;
  const wanted = parseSendArp(spec.args.join("::"));
  let running = false;
  let callOff = () => {};

  function announce(device: string, left: number): void {
    if (!running || (left < TIMES && !mayHold())) return;
    kernel.announcer
      .announce(wanted.address, device)
      .catch((error: unknown) => warn(`${wanted.address} cannot be announced: ${problemOf(error)}`));
    if (left > 1) callOff = clock.at(plus(clock.now(), INTERVAL), () => announce(device, left - 1));
  }

  return {
    spec,
    limits: LIMITS,
    idempotent: true,
    status: async () => running,
    async start() {
      const device = wanted.device ?? findInterface(wanted, await kernel.addresses.list()).device;
      if (!mayHold())
        throw new ResourceError("void-word", `${wanted.address}: we were silent too long to claim it`);
      running = true;
      callOff();
      announce(device, TIMES);
      return [];
    },
    async stop() {
      running = false;
      callOff();
    },
  };
}

/** `ip`, `ip/device`, or all that IPaddr2 takes. */
export function parseSendArp(text: string): ReturnType<typeof parseIpSpec> {
  const [ip = "", device, ...more] = text.split("/");
  const direct = device !== undefined && more.length === 0 && !/^\d/.test(device);
  return direct ? { ...parseIpSpec(ip), device } : parseIpSpec(text);
}
