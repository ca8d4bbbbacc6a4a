/**
 * A takeover of nothing, played once at the start, before anybody waits for one.
 *
 * What runs for the first time runs slowly, compiled or not: Node.js sets up its own parts on first use, and the engine
 * learns what the code handles. The runner and the VIP are the real ones; on their stage nothing happens.
 */
import type { Kernel } from "@systole/kernel";
import { type Clock, seconds } from "@systole/machine";
import { ipAddress } from "../resources/ip-address.js";
import { createRunner } from "../resources/runner.js";
import { createVipLease } from "../resources/vip-lease.js";

const nothing = async (): Promise<void> => {};
const nobody = async () => [];
const unwatched = () => () => {};

const STAGE: Pick<Kernel, "addresses" | "links" | "announcer" | "leaseGuard"> = {
  addresses: { hold: nothing, drop: nothing, list: nobody, watch: unwatched },
  links: { list: nobody, up: nothing, watch: unwatched },
  announcer: { announce: nothing },
  leaseGuard: { arm: nothing, grant: nothing, silence: nothing, release: nothing, disarm: nothing },
};

const GROUP = {
  key: "rehearsal",
  resources: [{ text: "rehearsal", script: "IPaddr2", args: ["192.0.2.1/32/rehearsal"] }],
};

/** Answers with the problem, if there was one: no reason to stop, a real takeover may do better. */
export async function rehearse(clock: Clock): Promise<string | undefined> {
  const silent = () => {};
  const lease = createVipLease({
    clock,
    guard: STAGE.leaseGuard,
    lease: () => ({ kind: "guard", length: seconds(1) }),
    warn: silent,
  });
  const vip = { clock, kernel: STAGE, lease, mayHold: () => true, publish: silent, warn: silent };
  const runner = createRunner(
    { stopRetries: () => 0 },
    {
      clock,
      make: (spec) => ipAddress(spec, vip),
      log: { running: silent, failed: silent, givingUp: silent },
    },
  );
  const started = await runner.start(GROUP);
  const stopped = await runner.stop(GROUP);
  return started?.failed?.problem ?? stopped.failed?.problem;
}
