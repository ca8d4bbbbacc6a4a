/** What all tests of packages need, made once before the first. */
import { buildDebs } from "./debs.js";
import { bundleServers } from "./pair.js";

export async function setup(): Promise<void> {
  await buildDebs();
  await bundleServers();
}
