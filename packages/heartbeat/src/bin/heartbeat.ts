#!/usr/bin/env node
/** heartbeat: who is alive, who owns what. */
import { fileURLToPath } from "node:url";
import { runDaemon } from "@systole/daemon";
import { systemClock } from "@systole/machine";
import {
  refuseReExec,
  reloadRunning,
  runningPid,
  startBackground,
  status,
  stop,
  type Terminal,
  validate,
} from "../shell/background.js";
import { type CommandLine, parseCommandLine, USAGE } from "../shell/command-line.js";
import { dumpDefaults } from "../shell/dump.js";
import { EXIT_CONFIGURATION, type ForegroundOptions, runForeground } from "../shell/foreground.js";
import { paths } from "../shell/paths.js";
import { VERSION } from "../shell/version.js";

/** A resource may take long to stop; the original gives it an hour. */
const STOP_LIMIT_MS = 3_600_000;

const terminal: Terminal = {
  clock: systemClock(),
  out: (line) => void process.stdout.write(`${line}\n`),
  error: (line) => void process.stderr.write(`${line}\n`),
};

async function run(commandLine: CommandLine): Promise<number> {
  const { mode, debug, realtime, resources, dump, wiki } = commandLine;
  const program = fileURLToPath(import.meta.url);
  const debugging = Array.from({ length: debug }, () => "-d");
  const args = [...debugging, ...(realtime ? [] : ["-l"]), ...(resources ? [] : ["-M"])];
  switch (mode) {
    case "help":
      terminal.out(USAGE.trimEnd());
      return 0;
    case "version":
      terminal.out(VERSION);
      return 0;
    case "defaults":
      terminal.out(dumpDefaults(wiki));
      return 0;
    case "start":
      return startBackground(program, args, terminal, dump);
    case "stop":
      return stop(terminal);
    case "status":
      return status(terminal);
    case "reload":
      return reloadRunning(program, args, terminal, dump);
    case "re-exec":
      return refuseReExec(terminal);
    case "validate":
      return validate(terminal, "must-exist", dump) ? 0 : EXIT_CONFIGURATION;
    case "foreground":
      return foreground({ debug, realtime, resources });
  }
}

async function foreground(options: Omit<ForegroundOptions, "detached">): Promise<number> {
  const running = runningPid();
  if (running !== undefined && running !== process.pid) {
    terminal.error(`info: heartbeat: already running [pid ${running}].`);
    return 0;
  }
  const detached = process.env.SYSTOLE_DETACHED === "1";
  const daemon = {
    version: VERSION,
    exitCode: EXIT_CONFIGURATION,
    pidfile: { path: paths.pid, style: "aligned" },
    stopLimitMs: STOP_LIMIT_MS,
  } as const;
  return runDaemon("heartbeat", daemon, (context) => runForeground(context, { ...options, detached }));
}

const commandLine = parseCommandLine(process.argv.slice(2));
if ("problem" in commandLine) {
  terminal.error(`heartbeat: ${commandLine.problem}`);
  terminal.error(USAGE.trimEnd());
  process.exitCode = commandLine.exitCode;
} else {
  for (const word of commandLine.ignored) terminal.error(`heartbeat: "${word}" means nothing and is ignored`);
  process.exitCode = await run(commandLine);
}
