/** `systole why 10.0.0.13`: the story of a real server, a service, a node or a group. */
import type { Command } from "@systole/daemon";
import { AUDIT_TRAIL, records, trailLines } from "../audit-trail.js";
import { isAbout, storyLines } from "../story-view.js";

export const whyCommand = (trail: string = AUDIT_TRAIL): Command => ({
  name: "why",
  summary: "the story of a real server, service, node or group, with the reason of each change",
  positionals: "NAME",
  arity: { from: 1, to: 1 },
  options: {
    last: { type: "string", short: "n", value: "NUMBER", default: "20", help: "so many of its last events" },
    trail: { type: "string", value: "FILE", default: trail, help: "another audit trail" },
  },
  run({ positionals: [name = ""], options, out }) {
    const last = Number(options.last);
    if (!Number.isSafeInteger(last) || last < 1)
      throw new Error(`--last: "${String(options.last)}" is no number`);
    const story = records(trailLines(String(options.trail))).filter((record) => isAbout(record, name));
    const told = story.slice(-last);
    if (out.wantsJson) out.json({ schemaVersion: 1, name, events: told });
    else if (told.length === 0) out.line(`nothing has happened to ${name} that is in the audit trail`);
    else {
      if (story.length > told.length) out.line(`(${story.length - told.length} earlier events: --last)`);
      for (const line of told.flatMap(storyLines)) out.line(line);
    }
    return told.length === 0 ? 1 : 0;
  },
});
