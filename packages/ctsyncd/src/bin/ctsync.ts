#!/usr/bin/env node
/** ctsync: the requests to ctsyncd, in words. */
import { type Command, controlClient, controlPath, runCli } from "@systole/daemon";
import { runRequest } from "../shell/client.js";
import type { Request } from "../shell/command-line.js";
import { ipvsCommands } from "../shell/ipvs-commands.js";
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

type Role = "activate" | "deactivate" | "purge-later";

/** A takeover or release by hand; its answer is worth seeing. */
const role = (name: string, verb: Role, summary: string): Command => ({
  name,
  summary,
  run: async ({ out }) => {
    out.json(await client.call(verb, {}, { limitMs: 15_000 }));
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
    role("activate", "activate", "take over: commit the peer's entries, then tell it ours"),
    role("deactivate", "deactivate", "give up: go on listening, purge our entries after PurgeTimeout"),
    role("primary", "activate", "activate, for keepalived's notify_master"),
    role("backup", "deactivate", "deactivate, for keepalived's notify_backup"),
    role("fault", "purge-later", "purge our entries after PurgeTimeout, for keepalived's notify_fault"),
    request("commit", "write the peer's entries into the kernel", { kind: "commit" }),
    request("list-own", "our entries", {
      kind: "list",
      cache: "local",
      about: "flows",
      xml: false,
    }),
    request("list-peer", "the peer's entries", {
      kind: "list",
      cache: "peer",
      about: "flows",
      xml: false,
    }),
    request("list-expected", "the peer's expectations", {
      kind: "list",
      cache: "peer",
      about: "expectations",
      xml: false,
    }),
    request("flush", "empty both caches", { kind: "flush", cache: "both" }),
    request("resync", "ask the peer for everything", { kind: "request-resync" }),
    request("bulk", "tell the peer everything", { kind: "send-bulk" }),
    request("reread", "read the kernel's table again", { kind: "resync-kernel" }),
    request("stop", "stop the daemon", { kind: "stop" }),
    ...ipvsCommands,
  ],
});
