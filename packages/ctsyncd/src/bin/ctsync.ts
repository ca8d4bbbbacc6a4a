#!/usr/bin/env node
/** ctsync: the requests to ctsyncd, in words. */
import { type Command, controlClient, controlPath, runCli } from "@systole/daemon";
import { runRequest } from "../shell/client.js";
import type { Request } from "../shell/command-line.js";
import { VERSION } from "../version.js";

const client = controlClient(controlPath("ctsyncd"));

const request = (name: string, summary: string, request: Request): Command => ({
  name,
  summary,
  run: ({ out }) =>
    runRequest(request, out.wantsJson, client, {
      out: (text) => out.line(text),
      error: (text) => out.error(text),
    }),
});

/** A takeover or release by hand; its answer is worth seeing. */
const role = (name: "activate" | "deactivate", summary: string): Command => ({
  name,
  summary,
  run: async ({ out }) => {
    out.json(await client.call(name, {}, { limitMs: 15_000 }));
    return 0;
  },
});

await runCli({
  name: "ctsync",
  version: VERSION,
  summary: "asks the running ctsyncd",
  commands: [
    request("status", "counters of caches and link; --json for everything", {
      kind: "statistics",
      about: "ct",
    }),
    role("activate", "take over: commit the peer's entries, then tell it ours"),
    role("deactivate", "give up: go on listening, purge our entries after PurgeTimeout"),
    request("commit", "write the peer's entries into the kernel", { kind: "commit" }),
    request("list-own", "our entries", { kind: "list", cache: "local" }),
    request("list-peer", "the peer's entries", { kind: "list", cache: "peer" }),
    request("flush", "empty both caches", { kind: "flush", cache: "both" }),
    request("resync", "ask the peer for everything", { kind: "request-resync" }),
    request("bulk", "tell the peer everything", { kind: "send-bulk" }),
    request("reread", "read the kernel's table again", { kind: "resync-kernel" }),
    request("stop", "stop the daemon", { kind: "stop" }),
  ],
});
