import { defineConfig } from "vitest/config";
import base from "./vitest.config.js";

/** Real daemons in network namespaces: needs root. Two files at a time; what they share is only the processors. */
export default defineConfig({
  ...base,
  test: {
    include: ["test/netns/**/*.test.ts"],
    pool: "forks",
    maxWorkers: 2,
    testTimeout: 120_000,
    hookTimeout: 60_000,
  },
});
