/**
 * Two real directors of Debian 12 become ours, one at a time, while a client asks: with ip_vs, ldirectord as a resource, and
 * two real servers behind it. 40 minutes; `npm run guest:migration` prepares what it needs and runs it.
 */
import { after, before, test } from "node:test";
import { migrationStory } from "../../packages/migration-story.js";

migrationStory({ ipvs: true }, { before, after, test });
