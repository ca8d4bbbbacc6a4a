/** The fake passes the suite that the real kernels pass in test/netns and test/vm. */
import { test } from "vitest";
import { contractCases } from "../src/contract.js";
import { fakeKernel } from "../src/fake.js";
import { handClock } from "./hand-clock.js";

for (const dataPlane of ["ip_vs", "nftables"] as const) {
  test.each(contractCases)(`fake with ${dataPlane}: $part: $name`, async ({ run }) => {
    const clock = handClock();
    const kernel = fakeKernel({ clock, dataPlane });
    await run({ kernel, device: "eth0", elapse: async (ms) => clock.advance(ms) });
  });
}
