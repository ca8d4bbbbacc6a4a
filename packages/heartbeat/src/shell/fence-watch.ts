/** Is the fence device there when it will be needed? Asked at the start and every hour. */
import type { DaemonContext } from "@systole/daemon";
import { plus, seconds } from "@systole/machine";
import { problemOf } from "../resources/resource.js";
import type { Fencer } from "./fencer.js";

const PERIOD = seconds(3600);

/** @returns how to stop asking. */
export function watchFenceDevice(
  fencer: () => Fencer | undefined,
  { clock, log, events }: Pick<DaemonContext, "clock" | "log" | "events">,
): () => void {
  let callOff = () => {};
  let works: boolean | undefined;

  async function ask(): Promise<void> {
    callOff = clock.at(plus(clock.now(), PERIOD), () => void ask());
    const present = fencer();
    if (present === undefined) return;
    try {
      await present.check();
      if (works !== true) log.info({ event: "fence.device" }, "the fence device answers");
      works = true;
    } catch (error) {
      const problem = problemOf(error);
      log.error({ event: "fence.device" }, `the fence device does not answer: ${problem}`);
      if (works !== false)
        events.publish("critical", {
          kind: "resource.failed",
          resource: "fence device",
          action: "start",
          problem,
        });
      works = false;
    }
  }

  void ask();
  return () => callOff();
}
