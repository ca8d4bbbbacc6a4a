import { defineConfig } from "vitest/config";
import netns from "./vitest.netns.config.js";

/** Packages on Debian machines with systemd, in containers: needs root. */
export default defineConfig({
  ...netns,
  test: {
    ...netns.test,
    include: ["test/packages/**/*.test.ts"],
    exclude: process.env.SYSTOLE_LONG === undefined ? ["test/packages/long/**"] : [],
    globalSetup: ["test/packages/set-up.ts"],
    testTimeout: 300_000,
    hookTimeout: 600_000,
  },
});
