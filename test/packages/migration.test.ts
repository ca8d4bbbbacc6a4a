/**
 * Two real directors of Debian 12 become ours, one at a time, while a client asks. Here the kernel has no ip_vs, so that the
 * directors serve the VIP themselves; test/vm/long/migration.test.ts plays the same with real servers.
 */
import { afterAll, beforeAll, test } from "vitest";
import { migrationStory } from "./migration-story.js";

migrationStory(
  { ipvs: false },
  {
    before: (body) => beforeAll(body, 900_000),
    after: (body) => afterAll(body),
    test: (name, body) => test(name, body),
  },
);
