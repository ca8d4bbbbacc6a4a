#!/usr/bin/env node
/** ctsyncd: the peer knows our connections. Daemon, and conntrackd's requests to it. */
import { fileURLToPath } from "node:url";
import { controlClient, controlPath, endOnBrokenPipe } from "@systole/daemon";
import { openFlowTable, openNetwork } from "@systole/kernel";
import { systemClock } from "@systole/machine";
import { DETACHED, startInBackground } from "../shell/background.js";
import { runRequest } from "../shell/client.js";
import { parseCommandLine, USAGE } from "../shell/command-line.js";
import { runCtsyncd } from "../shell/daemon.js";
import { VERSION } from "../version.js";

const terminal = {
  out: (text: string) => void process.stdout.write(`${text}\n`),
  error: (text: string) => void process.stderr.write(`${text}\n`),
};

async function main(): Promise<number> {
  const commandLine = parseCommandLine(process.argv.slice(2));
  const client = controlClient(controlPath("ctsyncd"));
  switch (commandLine.mode) {
    case "help":
      terminal.out(USAGE.trimEnd());
      return 0;
    case "version":
      terminal.out(`ctsyncd ${VERSION}`);
      return 0;
    case "wrong":
      terminal.error(`${USAGE}\nctsyncd: ${commandLine.problem}`);
      return 1;
    case "request":
      endOnBrokenPipe();
      return await runRequest(commandLine.request, commandLine.json, client, terminal);
    case "daemon": {
      const { configPath, background } = commandLine;
      const program = fileURLToPath(import.meta.url);
      const clock = systemClock();
      if (background) return await startInBackground(program, configPath, { client, clock, terminal });
      const detached = process.env[DETACHED] === "1";
      return await runCtsyncd({ version: VERSION, configPath, detached, openNetwork, openFlowTable });
    }
  }
}

process.exitCode = await main();
