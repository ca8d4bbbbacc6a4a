#!/usr/bin/env node
/** hb_setweight: says a node's weight to the cluster. */
import { runMembershipTool } from "../shell/membership-tools.js";

await runMembershipTool("hb_setweight");
