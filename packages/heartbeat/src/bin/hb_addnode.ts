#!/usr/bin/env node
/** hb_addnode: members are added in ha.cf. */
import { runMembershipTool } from "../shell/membership-tools.js";

await runMembershipTool("hb_addnode");
