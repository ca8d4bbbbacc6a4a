#!/usr/bin/env node
/** hb_delnode: members are removed in ha.cf. */
import { runMembershipTool } from "../shell/membership-tools.js";

await runMembershipTool("hb_delnode");
