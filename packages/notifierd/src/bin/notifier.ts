#!/usr/bin/env node
/** notifier: asks notifierd about its letters. */
import { runCli } from "@systole/daemon";
import { ack, flush, queue, retry, show } from "../client/letters.js";
import { silence, silences, unsilence } from "../client/quiet.js";
import { status } from "../client/status.js";
import { test } from "../client/test.js";
import { VERSION } from "../version.js";

await runCli({
  name: "notifier",
  version: VERSION,
  summary: "asks notifierd about its letters",
  commands: [queue, show, test, retry, flush, ack, silence, silences, unsilence, status],
});
