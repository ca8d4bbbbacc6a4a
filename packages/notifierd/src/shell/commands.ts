/** The verbs of notifierd's control socket: what `notifier` asks for. */
import { ControlError, type Verbs } from "@systole/daemon";
import type { NotifierSettings } from "../config/settings.js";
import { isMailAddress } from "../config/values.js";
import type { Letter } from "../types.js";
import type { PostOffice } from "./post-office.js";
import type { Folder } from "./spool.js";
import type { Subscriptions } from "./subscriptions.js";

export interface CommandParts {
  readonly office: PostOffice;
  readonly subscriptions: Subscriptions;
  readonly settings: () => NotifierSettings;
}

/** A letter as lists show it. */
const brief = (folder: Folder) => (letter: Letter) => ({
  ...{ id: letter.id, folder, createdAtMs: letter.createdAtMs, subject: letter.subject },
  deliveries: letter.deliveries,
});

const FOLDERS: readonly Folder[] = ["cur", "failed", "done"];

export function commands({ office, subscriptions, settings }: CommandParts): Verbs {
  function find(id: unknown) {
    for (const folder of FOLDERS) {
      const letter = office.letters(folder).find((one) => one.id === id);
      if (letter !== undefined) return { folder, letter };
    }
    throw new ControlError("no-letter", `no letter ${String(id)}`);
  }

  function testAddresses(to: unknown): readonly string[] {
    const asked =
      Array.isArray(to) && to.length > 0 ? to.map(String) : settings().recipients.map((one) => one.address);
    const bad = asked.find((address) => !isMailAddress(address));
    if (bad !== undefined) throw new ControlError("bad-address", `"${bad}" is not a mail address`);
    if (asked.length === 0)
      throw new ControlError("no-recipient", "no recipient in notifier.ini: name an address");
    if (asked.length > 20) throw new ControlError("too-many", "at most 20 addresses");
    return asked;
  }

  return {
    status: {
      changes: false,
      run() {
        const { letters, outage } = office.queue();
        return {
          schemaVersion: 1,
          waiting: letters.size,
          failed: office.letters("failed").length,
          outage: outage === undefined ? null : { failures: outage.failures, problem: outage.problem },
          sources: subscriptions.state(),
        };
      },
    },
    queue: {
      changes: false,
      run: ({ all }) => {
        const folders: readonly Folder[] = all === true ? FOLDERS : ["cur", "failed"];
        return folders.flatMap((folder) => office.letters(folder).map(brief(folder)));
      },
    },
    show: { changes: false, run: ({ id }) => find(id) },
    retry: { changes: true, run: ({ id }) => brief("cur")(office.retry(String(id))) },
    flush: { changes: true, run: () => ({ tried: office.flush() }) },
    test: { changes: true, run: ({ to }) => brief("cur")(office.test(testAddresses(to))) },
  };
}
