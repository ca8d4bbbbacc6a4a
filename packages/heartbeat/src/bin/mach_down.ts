#!/usr/bin/env node
/** mach_down: a node is dead, its resource groups are taken. */
import { runGroupRequest } from "../shell/group-request-program.js";
import { machDown } from "../shell/group-requests.js";

await runGroupRequest(machDown);
