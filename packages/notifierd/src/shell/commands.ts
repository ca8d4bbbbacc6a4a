/** The verbs of notifierd's control socket: what `notifier` asks for. */
import { type Caller, ControlError, type Verbs } from "@systole/daemon";
import { milliseconds } from "@systole/machine";
import type { NotifierSettings } from "../config/settings.js";
import { isMailAddress } from "../config/values.js";
import { oneLine } from "../core/printable.js";
import type { Channel, Letter } from "../types.js";
import type { PostOffice } from "./post-office.js";
import type { Folder } from "./spool.js";
import { statusOf } from "./status.js";
import type { Subscriptions } from "./subscriptions.js";

export interface CommandParts {
  readonly office: PostOffice;
  readonly subscriptions: Subscriptions;
  readonly settings: () => NotifierSettings;
  /** Names a silence: a random number from 0 to 1. */
  readonly random: () => number;
}

/** A letter as lists show it. */
const brief = (folder: Folder) => (letter: Letter) => ({
  ...{ id: letter.id, folder, createdAtMs: letter.createdAtMs, subject: letter.subject },
  deliveries: letter.deliveries,
});

const FOLDERS: readonly Folder[] = ["cur", "failed", "done"];
const LONGEST_SILENCE_MS = 30 * 86_400_000;

/** Who asks: the name they gave, and the user that the kernel vouches for. */
const nameOf = (by: unknown, { uid }: Caller): string =>
  typeof by === "string" && by.trim() !== "" ? `${oneLine(by, 60)} (uid ${uid})` : `uid ${uid}`;

export function commands({ office, subscriptions, settings, random }: CommandParts): Verbs {
  function find(id: unknown) {
    for (const folder of FOLDERS) {
      const letter = office.letters(folder).find((one) => one.id === id);
      if (letter !== undefined) return { folder, letter };
    }
    throw new ControlError("no-letter", `no letter ${String(id)}`);
  }

  function testAddresses(to: unknown): readonly string[] {
    const people = settings().recipients.filter(({ channel }) => channel === "mail");
    const asked = Array.isArray(to) && to.length > 0 ? to.map(String) : people.map((one) => one.address);
    const bad = asked.find((address) => !isMailAddress(address));
    if (bad !== undefined) throw new ControlError("bad-address", `"${bad}" is not a mail address`);
    if (asked.length === 0)
      throw new ControlError("no-recipient", "no recipient in notifier.ini: name an address");
    if (asked.length > 20) throw new ControlError("too-many", "at most 20 addresses");
    return asked;
  }

  function test(to: unknown, webhook: unknown): Letter {
    if (webhook === undefined) return office.test([...new Set(testAddresses(to))]);
    const found = settings().webhooks.find(({ name }) => name === webhook);
    if (found === undefined)
      throw new ControlError("no-webhook", `no [webhook ${String(webhook)}] in notifier.ini`);
    const channel: Channel = `webhook ${found.name}`;
    return office.test([found.name], channel);
  }

  function silence(args: Readonly<Record<string, unknown>>, caller: Caller) {
    const { pattern = "*", why = "", forMs } = args;
    if (typeof forMs !== "number" || !(forMs > 0 && forMs <= LONGEST_SILENCE_MS))
      throw new ControlError("bad-duration", "a silence lasts up to 30 days");
    if (typeof pattern !== "string" || pattern === "" || pattern.length > 200)
      throw new ControlError("bad-pattern", "a pattern has 1 to 200 characters");
    const id = Math.floor(random() * 0xffff_ffff).toString(36);
    const silenced = {
      ...{ id, pattern: oneLine(pattern), by: nameOf(args.by, caller) },
      why: oneLine(String(why)) || "no reason given",
    };
    if (!office.quiet.silence(silenced, milliseconds(forMs)))
      throw new ControlError("too-many", "too many silences: end one first");
    return silenced;
  }

  return {
    status: { changes: false, run: () => statusOf(office, subscriptions) },
    queue: {
      changes: false,
      run: ({ all }) => {
        const folders: readonly Folder[] = all === true ? FOLDERS : ["cur", "failed"];
        return folders.flatMap((folder) => office.letters(folder).map(brief(folder)));
      },
    },
    show: {
      changes: false,
      run: ({ id }) => ({ ...find(id), dialogue: office.dispatch.dialogue(String(id)) ?? null }),
    },
    retry: { changes: true, run: ({ id }) => brief("cur")(office.retry(String(id))) },
    flush: { changes: true, run: () => ({ tried: office.flush() }) },
    ack: {
      changes: true,
      run: ({ id, by }, caller) => brief("cur")(office.acknowledge(String(id), nameOf(by, caller))),
    },
    silence: { changes: true, run: silence },
    silences: { changes: false, run: () => office.quiet.silences() },
    unsilence: {
      changes: true,
      run({ id }) {
        if (!office.quiet.unsilence(String(id)))
          throw new ControlError("no-silence", `no silence ${String(id)}`);
        return { ended: id };
      },
    },
    test: { changes: true, run: ({ to, webhook }) => brief("cur")(test(to, webhook)) },
  };
}
