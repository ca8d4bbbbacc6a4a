import { readdirSync } from "node:fs";
import { availableParallelism } from "node:os";
import { defineConfig } from "vitest/config";

/** Tests read the sources, so that nothing needs to be built before them but the one C file. */
const packages = readdirSync(new URL("packages", import.meta.url));
const sourceOf = (name: string) => new URL(`packages/${name}/src/`, import.meta.url).pathname;

export default defineConfig({
  resolve: {
    alias: packages.flatMap((name) => [
      { find: new RegExp(`^@systole/${name}$`), replacement: `${sourceOf(name)}index.ts` },
      { find: new RegExp(`^@systole/${name}/(.*)$`), replacement: `${sourceOf(name)}$1.ts` },
    ]),
  },
  test: {
    include: ["packages/*/test/**/*.test.ts", "test/{tidy,ring}/**/*.test.ts"],
    exclude: ["**/dist/**", "**/node_modules/**"],
    pool: "threads",
    // Left alone, vitest keeps one core free: half of a machine with two.
    maxWorkers: availableParallelism(),
    testTimeout: 20_000,
  },
});
