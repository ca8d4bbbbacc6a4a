#!/usr/bin/env node
/** notifierd: events of the other daemons become mails. Composition only. */
import { dirname } from "node:path";
import { parseArgs } from "node:util";
import { dropDirectory, runDaemon, StartFailure } from "@systole/daemon";
import { parseNotifierIni } from "../config/notifier-ini.js";
import * as lines from "../log-lines.js";
import { openAuditTrail } from "../shell/audit.js";
import { commands } from "../shell/commands.js";
import { deliverByChannel } from "../shell/deliver.js";
import { openDropIn } from "../shell/drop-in.js";
import { kernelBootId } from "../shell/life.js";
import { tellThroughHeartbeat } from "../shell/peer-notifier.js";
import { openPostOffice } from "../shell/post-office.js";
import { askHeartbeat, openRole } from "../shell/role.js";
import { openSpool } from "../shell/spool.js";
import { openSubscriptions } from "../shell/subscriptions.js";
import { VERSION } from "../version.js";

const USAGE = `Usage: notifierd [-c FILE] [-t] [-d]

Sends mail about what heartbeat, ldirectord and ctsyncd tell. Runs in the foreground.

  -c, --config FILE  configuration, /etc/systole/notifier.ini unless given
  -t, --test         read the configuration, complain, and exit
  -d, --debug        log everything
  -V, --version      print the version and exit
  -h, --help         print this and exit
`;

function commandLine() {
  try {
    return parseArgs({
      options: {
        config: { type: "string", short: "c", default: "/etc/systole/notifier.ini" },
        test: { type: "boolean", short: "t" },
        debug: { type: "boolean", short: "d" },
        version: { type: "boolean", short: "V" },
        help: { type: "boolean", short: "h" },
      },
    }).values;
  } catch (error) {
    process.stderr.write(`notifierd: ${error instanceof Error ? error.message : String(error)}\n${USAGE}`);
    process.exit(2);
  }
}

const { config, test, debug, version, help } = commandLine();
if (help === true || version === true) {
  process.stdout.write(help === true ? USAGE : `notifierd ${VERSION}\n`);
  process.exit(0);
}

await runDaemon(
  "notifierd",
  { version: VERSION, logLevel: debug === true ? "debug" : "info", drops: false },
  async (daemon) => {
    let settings = await daemon.load(config, parseNotifierIni);
    if (test === true) throw new StartFailure("the configuration is good", 0, { told: true });
    const spool = openSpool(settings.spool);
    const { node, clock, wallClock, log, events, metrics, background, runDirectory } = daemon;
    const office = openPostOffice(
      {
        ...{ node, clock, wallClock, log, events, metrics, spool, background },
        random: Math.random,
        role: openRole({ clock, background, ask: askHeartbeat(dirname(runDirectory)) }),
        tell: tellThroughHeartbeat(dirname(runDirectory)),
        kernelBoot: kernelBootId(),
        deliver: (letter, to, current, dialogue) =>
          deliverByChannel(letter, to, current, { localName: node, clock, dialogue }),
      },
      settings,
    );
    const audit = settings.audit === undefined ? undefined : openAuditTrail(settings.audit, log);
    events.watch((event) => audit?.append(event));
    const subscriptions = openSubscriptions({
      ...(audit === undefined ? {} : { audit }),
      ...{ clock, wallClock, log, spool, office },
      runRoot: dirname(runDirectory),
    });
    daemon.onStop(() => office.stop());
    const dropIn = openDropIn({
      ...{ directory: dropDirectory(dirname(runDirectory)), clock, wallClock, log },
      take(event) {
        if (!settings.sources.includes(event.daemon)) return "taken"; // nobody wants to hear of it
        const isOld = wallClock() - event.atMs > settings.maxAge;
        subscriptions.dropped(event, isOld);
        return isOld ? "old" : "taken";
      },
      onOld: (count) => office.note(lines.tooOld(count)),
    });
    daemon.onStop(async () => {
      dropIn.close();
      subscriptions.close();
    });
    daemon.onReload(async () => {
      const changed = await daemon.reload(config, parseNotifierIni);
      if (changed === undefined) return;
      if (changed.spool !== settings.spool || changed.audit !== settings.audit)
        log.warn({ event: "config.restart" }, "another spool or audit trail needs a restart");
      settings = changed;
      office.configure(changed);
      subscriptions.listenTo(changed.sources);
    });
    await daemon.serve(commands({ office, subscriptions, settings: () => settings, random: Math.random }));
    subscriptions.listenTo(settings.sources);
    daemon.ready(
      `${settings.recipients.length} recipients, ${office.dispatch.letters().length} letters waiting`,
    );
  },
);
