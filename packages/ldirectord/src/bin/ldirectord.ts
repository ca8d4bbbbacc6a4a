#!/usr/bin/env node
/** ldirectord: which real servers serve. */
import { runDaemon } from "@systole/daemon";
import { openKernel } from "@systole/kernel";
import { systemClock } from "@systole/machine";
import type { LdirectordConfig } from "../config/ldirectord-cf.js";
import { notFound } from "../log-lines.js";
import { type CommandLine, readCommandLine, USAGE } from "../shell/command-line.js";
import { EXIT, logTo, runCommand, type Terminal } from "../shell/commands.js";
import { runLdirectord } from "../shell/daemon.js";
import { findInstance, type Instance } from "../shell/instance.js";
import { runOther } from "../shell/other-instances.js";
import { askForPlan } from "../shell/planning.js";
import { tellStarter } from "../shell/process.js";
import { VERSION } from "../shell/version.js";

const terminal: Terminal = {
  out: (line) => void process.stdout.write(`${line}\n`),
  error: (line) => void process.stderr.write(`${line}\n`),
};

const pidDirectory = process.env.SYSTOLE_PIDFILES ?? "/var/run";

async function run(command: CommandLine): Promise<number> {
  switch (command.kind) {
    case "help":
      terminal.out(USAGE.trimEnd());
      return EXIT.done;
    case "version":
      terminal.out(`Linux Director (Systole ldirectord ${VERSION})`);
      return EXIT.done;
    case "usage":
      if (command.problem !== undefined) terminal.error(command.problem);
      terminal.out(USAGE.trimEnd());
      return EXIT.usage;
    case "run": {
      const instance = findInstance(command.config, pidDirectory);
      if (instance === undefined) {
        const line = notFound(command.config ?? "ldirectord.cf");
        terminal.error(line);
        logTo("/var/log/ldirectord.log", command.config ?? "ldirectord")(line);
        return EXIT.notRunning;
      }
      const clock = systemClock();
      return await runCommand({
        clock,
        terminal,
        instance,
        command,
        others: runOther(clock, "inherit"),
        plan: (config) => askForPlan(instance, config, clock),
        become: (config) => become(instance, config, command),
      });
    }
  }
}

function become(
  instance: Instance,
  config: LdirectordConfig,
  { options }: Extract<CommandLine, { kind: "run" }>,
): Promise<never> {
  const withoutPidfile = options.debug || config.globals.supervised;
  return runDaemon(
    instance.daemon,
    {
      version: VERSION,
      exitCode: EXIT.configuration,
      ...(options.debug ? { logLevel: "debug" } : {}),
      ...(withoutPidfile ? {} : { pidfile: { path: instance.pidFile } }),
    },
    async (context) => {
      try {
        await runLdirectord(context, {
          ...{ instance, options, config },
          openBalancer: () => openKernel(),
          started: () => tellStarter({ ready: true }),
        });
      } catch (error) {
        tellStarter({ failed: error instanceof Error ? error.message : String(error) });
        throw error;
      }
    },
  );
}

process.exitCode = await run(readCommandLine(process.argv.slice(2)));
