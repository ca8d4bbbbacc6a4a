/** Complaints of the small tools: a line of the log on stderr, as the original's. */
import { haLogFormat } from "./log-targets.js";

/** `Nov 20 09:38:47 hbn1 cl_status: [21]: ERROR: REASON: EINVAL` */
export const toolComplaint = (tool: string, node: string): ((text: string) => string) => {
  const format = haLogFormat(node);
  return (message) =>
    format({ atMs: Date.now(), name: tool, pid: process.pid, level: "error", message, fields: {} });
};
