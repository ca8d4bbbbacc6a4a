#!/usr/bin/env node
/** cl_status: what heartbeat on this machine knows. */
import { controlClient, controlPath, nodeName } from "@systole/daemon";
import { clStatus } from "../shell/cl-status.js";
import type { HeartbeatStatus } from "../shell/commands.js";
import { toolComplaint } from "../shell/tool-complaint.js";

const client = controlClient(controlPath("heartbeat"));
const complaint = toolComplaint("cl_status", nodeName());

process.exitCode = await clStatus(process.argv.slice(2), {
  // heartbeat of the same version answers `status` with exactly this
  status: async () => (await client.call("status")) as HeartbeatStatus,
  parameter: (name) => client.call("parameter", { name }),
  client: (node, name, limitMs) => client.call("client-status", { node, client: name, limitMs }),
  out: (line) => void process.stdout.write(`${line}\n`),
  error: (line) => void process.stderr.write(`${line}\n`),
  complain: (text) => void process.stderr.write(`${complaint(text)}\n`),
});
