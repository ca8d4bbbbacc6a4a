#!/usr/bin/env node
/** req_resource: a resource group is wanted here. */
import { runGroupRequest } from "../shell/group-request-program.js";
import { reqResource } from "../shell/group-requests.js";

await runGroupRequest(reqResource);
