import { defineConfig } from "vitest/config";
import netns from "./vitest.netns.config.js";

/** Side by side with the originals, in network namespaces: needs root and their Debian packages (see test/interop). */
export default defineConfig({
  ...netns,
  test: { ...netns.test, include: ["test/interop/**/*.test.ts"] },
});
