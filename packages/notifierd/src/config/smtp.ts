/** The section [smtp] of notifier.ini: how mail leaves this node. */

import { seconds } from "@systole/machine";
import {
  type Complain,
  choice,
  duration,
  listOf,
  readPath,
  readYesNo,
  type Section,
  type Setting,
  take,
} from "./section.js";
import type { SmtpServer, SmtpSettings, TlsMode } from "./settings.js";
import { isMailAddress, readServer } from "./values.js";

const TLS_MODES: readonly TlsMode[] = ["off", "opportunistic", "required", "implicit"];
const DEFAULT_PORT: Readonly<Record<TlsMode, number>> = {
  off: 25,
  opportunistic: 25,
  required: 587,
  implicit: 465,
};

export function smtpOf(read: ReadonlyMap<string, Section>, complain: Complain): SmtpSettings {
  const section = read.get("smtp") ?? new Map<string, Setting>();
  const tls = choice<TlsMode>(section.get("tls"), "TLS mode", TLS_MODES, "opportunistic", complain);
  const isKnown = TLS_MODES.some((mode) => mode === (section.get("tls")?.text ?? tls).toLowerCase());
  const strict = tls === "required" || tls === "implicit";
  const from = section.get("from");
  if (from !== undefined && from.text !== "" && !isMailAddress(from.text)) {
    complain(from.place, "bad-address", `"${from.text}" is not a mail address`, "write systole@example.org");
  }
  const user = section.get("user");
  const passwordFile = section.get("password-file");
  if (user !== undefined && !strict && isKnown) {
    complain(user.place, "password-in-clear", "a password is only sent under TLS", "write tls = required");
  }
  if (user !== undefined && passwordFile === undefined) {
    complain(
      user.place,
      "no-password",
      "user without password-file",
      "write password-file = /etc/systole/smtp-password, or the name of a systemd credential",
    );
  }
  if (passwordFile !== undefined && user === undefined) {
    complain(passwordFile.place, "no-user", "password-file without user");
  }
  if (section.get("sendmail") !== undefined && section.get("server") !== undefined) {
    complain(
      section.get("sendmail")?.place,
      "two-ways",
      "sendmail and server: letters go one way",
      "remove one",
    );
  }
  return {
    sendmail: take(section.get("sendmail"), undefined, readPath, "bad-path", complain),
    servers: serversOf(section.get("server"), DEFAULT_PORT[tls], complain),
    from: from?.text,
    tls,
    verify: take(section.get("verify"), strict, readYesNo, "bad-yes-no", complain),
    caFile: section.get("ca-file")?.text,
    tlsName: section.get("tls-name")?.text,
    user: user?.text,
    passwordFile: passwordFile?.text,
    dsn: take(section.get("dsn"), false, readYesNo, "bad-yes-no", complain),
    timeout: duration(section.get("timeout"), seconds(30), complain),
  };
}

function serversOf(
  setting: Setting | undefined,
  defaultPort: number,
  complain: Complain,
): readonly SmtpServer[] {
  const servers: SmtpServer[] = [];
  for (const word of listOf(setting?.text ?? "")) {
    const made = readServer(word, defaultPort);
    if ("value" in made) servers.push(made.value);
    else complain(setting?.place, "bad-server", made.problem, made.hint);
  }
  return setting === undefined ? [{ host: "localhost", port: defaultPort }] : servers;
}
