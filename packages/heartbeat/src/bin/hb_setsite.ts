#!/usr/bin/env node
/** hb_setsite: says a node's site to the cluster. */
import { runMembershipTool } from "../shell/membership-tools.js";

await runMembershipTool("hb_setsite");
