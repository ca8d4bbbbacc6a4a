import { defineConfig } from "vitest/config";
import netns from "./vitest.netns.config.js";

/** Side by side with the originals, in network namespaces: needs root and their Debian packages (see test/interop). */
export default defineConfig({
  ...netns,
  // Lives of a cluster, told as concurrent tests, are nearly all waiting.
  test: { ...netns.test, include: ["test/interop/**/*.test.ts"], maxConcurrency: 8 },
});
