/** Ping nodes: hosts that are only asked whether they answer, and count as members of their own kind. */
import type { Word } from "@systole/config";
import { isIpv4, parseIp } from "@systole/wire";
import type { PingNodeConfig } from "./ha-cf.types.js";
import type { Directive, Reading } from "./ha-cf-values.js";

export const ping = (kind: "ping" | "ping6"): Directive => ({
  takes: "option",
  apply(word, reading) {
    if (isHost(word, kind, reading)) add(kind, word, [word], reading);
  },
});

export const pingGroup: Directive = {
  takes: "line",
  apply([name, ...hosts], reading) {
    if (name === undefined || hosts.length === 0) {
      const hint = "ping_group NAME HOST...";
      reading.complain("error", "no-host", name ?? reading.name, "ping_group needs a name and a host", hint);
    } else if (hosts.every((host) => isHost(host, "ping_group", reading)))
      add("ping_group", name, hosts, reading);
  },
};

/** A name is resolved when it is asked for the first time, and again until that succeeds. */
function isHost(word: Word, kind: PingNodeConfig["kind"], { complain }: Reading): boolean {
  const address = parseIp(word.text);
  const name =
    address === undefined && kind !== "ping6" && /[^\d.]/.test(word.text) && !word.text.includes(":");
  if (name || (address !== undefined && isIpv4(address) === (kind !== "ping6"))) return true;
  const what = kind === "ping6" ? "an IPv6 address" : "an IPv4 address or a host name";
  // Of a group the other hosts may still answer: the original goes on without this one.
  const severity = kind === "ping_group" ? "warning" : "error";
  complain(severity, "bad-address", word, `${kind}: "${word.text}" is not ${what}`);
  return kind === "ping_group";
}

function add(
  kind: PingNodeConfig["kind"],
  { text, ...at }: Word,
  hosts: readonly Word[],
  { draft, complain }: Reading,
): void {
  const name = text.toLowerCase();
  if (draft.pingNodes.some((one) => one.name === name)) {
    complain("warning", "duplicate-node", at, `ping node ${name} is named twice: the first line counts`);
  } else draft.pingNodes.push({ kind, name, hosts: hosts.map((host) => host.text), at });
}
