/**
 * The program from its words to its exit code: prints, asks a running daemon, or becomes one.
 *
 * The data plane is handed in: bin/ldirectord.ts has the kernel's, tests have one in memory.
 */
import { runDaemon } from "@systole/daemon";
import { systemClock } from "@systole/machine";
import type { LdirectordConfig } from "../config/ldirectord-cf.js";
import { notFound } from "../log-lines.js";
import { type CommandLine, readCommandLine, USAGE } from "./command-line.js";
import { EXIT, logTo, runCommand, type Terminal } from "./commands.js";
import { type DaemonParts, runLdirectord } from "./daemon.js";
import { findInstance, type Instance } from "./instance.js";
import { runOther } from "./other-instances.js";
import { askForPlan } from "./planning.js";
import { tellStarter } from "./process.js";
import { configurationInUse } from "./second-instance.js";
import { VERSION } from "./version.js";

const terminal: Terminal = {
  out: (line) => void process.stdout.write(`${line}\n`),
  error: (line) => void process.stderr.write(`${line}\n`),
};

const pidDirectory = process.env.SYSTOLE_PIDFILES ?? "/var/run";

/**
 * @param words behind the program's name
 * @returns the exit code
 */
export const runProgram = (
  words: readonly string[],
  openBalancer: DaemonParts["openBalancer"],
): Promise<number> => run(readCommandLine(words), openBalancer);

async function run(command: CommandLine, openBalancer: DaemonParts["openBalancer"]): Promise<number> {
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
        inUse: () => configurationInUse(instance),
        plan: (config) => askForPlan(instance, config, clock),
        become: (config) => become(instance, config, command, openBalancer),
      });
    }
  }
}

function become(
  instance: Instance,
  config: LdirectordConfig,
  { options }: Extract<CommandLine, { kind: "run" }>,
  openBalancer: DaemonParts["openBalancer"],
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
          ...{ instance, options, config, openBalancer },
          started: () => tellStarter({ ready: true }),
        });
      } catch (error) {
        tellStarter({ failed: error instanceof Error ? error.message : String(error) });
        throw error;
      }
    },
  );
}
