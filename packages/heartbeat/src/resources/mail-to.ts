/**
 * The resource `MailTo::<email>[::<subject>]`: a letter when the group comes and when it goes.
 *
 * It publishes the letter as a fact and is done: notifierd sends it, and a takeover waits for no mail server.
 */
import type { Fact, Severity } from "@systole/bus";
import { seconds } from "@systole/machine";
import { type Resource, ResourceError, type ResourceSpec } from "./resource.js";

const LIMITS = { status: seconds(1), start: seconds(1), stop: seconds(1) };
const DEFAULT_SUBJECT = "Resource Group";

export interface MailToDependencies {
  readonly node: string;
  /** Date and time for people, as `date` prints it. */
  readonly date: () => string;
  readonly publish: (severity: Severity, fact: Fact) => void;
}

export function mailTo(spec: ResourceSpec, { node, date, publish }: MailToDependencies): Resource {
  const [email = "", subject = DEFAULT_SUBJECT] = spec.args;
  const to = email.split(",").filter((address) => address !== "");
  if (to.length === 0) throw new ResourceError("bad-argument", `${spec.text}: names no recipient`);
  let running = false;

  function send(what: string, action: "start" | "stop"): void {
    const line = `${subject} ${what}`;
    const text = `${line}\n\nCommand line was:\n${[spec.script, ...spec.args, action].join(" ")}\n`;
    publish("notice", { kind: "letter", to, subject: line, text });
  }

  return {
    spec,
    limits: LIMITS,
    idempotent: false,
    status: async () => running,
    async start() {
      running = true;
      send(`Takeover in progress at ${date()} on ${node}`, "start");
      return [];
    },
    async stop() {
      if (running) send(`Migrating resource away at ${date()} from ${node}`, "stop");
      running = false;
    },
  };
}
