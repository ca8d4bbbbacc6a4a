#!/usr/bin/env node
/** ResourceManager: the resource groups of haresources by key. */
import { nodeName } from "@systole/daemon";
import { heldByDaemon, presentGroups } from "../shell/group-tools.js";
import { loneResources } from "../shell/lone-resources.js";
import { resourceManager } from "../shell/resource-manager.js";

const error = (line: string): void => void process.stderr.write(`${line}\n`);
const lone = loneResources(error);
try {
  process.exitCode = await resourceManager(process.argv.slice(2), {
    node: process.env.HA_CURHOST ?? nodeName(),
    groups: () => presentGroups(error),
    runs: lone.runs,
    move: lone.move,
    held: heldByDaemon,
    out: (line) => void process.stdout.write(`${line}\n`),
    error,
  });
} finally {
  await lone.close();
}
