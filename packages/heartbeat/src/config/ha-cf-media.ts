/** The medium directives of ha.cf. Each kind of medium keeps the udpport that stood before its first line. */
import { readWhole, type Word } from "@systole/config";
import { parseIp, parseIpv4, parseIpv6 } from "@systole/wire";
import type { MediumConfig } from "./ha-cf.types.js";
import type { Complain, Draft } from "./ha-cf-draft.js";

function portOf(draft: Draft, kind: MediumConfig["kind"]): number {
  const port = draft.ports.get(kind) ?? draft.udpport;
  draft.ports.set(kind, port);
  return port;
}

/** IFNAMSIZ less the NUL; what no interface can be called is a slip of the pen. */
function isDevice(word: Word, complain: Complain): boolean {
  const valid = /^[^/\s]{1,15}$/.test(word.text);
  if (!valid)
    complain(
      "error",
      "bad-device",
      word,
      `"${word.text}" cannot be an interface`,
      "at most 15 characters, no slash",
    );
  return valid;
}

export function applyBcast(draft: Draft, word: Word, complain: Complain, name: Word): void {
  if (name.text === "udp")
    complain("warning", "obsolete", name, "udp is an old name of bcast", "write bcast");
  if (!isDevice(word, complain)) return;
  draft.media.push({ kind: "bcast", device: word.text, port: portOf(draft, "bcast"), at: word });
}

export const applyUcast =
  (kind: "ucast" | "ucast6") =>
  (draft: Draft, args: readonly Word[], complain: Complain, name: Word): void => {
    const [device, peer, more] = args;
    if (device === undefined || peer === undefined || more !== undefined) {
      complain(
        "error",
        "bad-medium",
        more ?? name,
        `${kind} takes an interface and an address`,
        `${kind} eth0 ADDRESS`,
      );
      return;
    }
    const address = parseIp(peer.text);
    const wrongFamily = address !== undefined && address.includes(":") !== (kind === "ucast6");
    const misspelt = address === undefined && /^[\d.]+$/.test(peer.text);
    if (wrongFamily || misspelt) {
      const family = kind === "ucast6" ? "IPv6" : "IPv4";
      complain("error", "bad-address", peer, `"${peer.text}" is not an ${family} address or a host name`);
    } else if (isDevice(device, complain)) {
      draft.media.push({ kind, device: device.text, peer: peer.text, port: portOf(draft, kind), at: peer });
    }
  };

export const applyMcast =
  (kind: "mcast" | "mcast6") =>
  (draft: Draft, args: readonly Word[], complain: Complain, name: Word): void => {
    const [device, group, port, ttl, loop, more] = args;
    if (!device || !group || !port || !ttl || !loop || more) {
      const usage = `${kind} eth0 GROUP 694 1 0`;
      complain(
        "error",
        "bad-medium",
        more ?? name,
        `${kind} takes interface, group, port, ttl and loop`,
        usage,
      );
      return;
    }
    const address = kind === "mcast" ? parseIpv4(group.text) : parseIpv6(group.text);
    const first = address === undefined ? 0 : Number.parseInt(address, kind === "mcast" ? 10 : 16);
    const isGroup = kind === "mcast" ? first >= 224 && first <= 239 : first >= 0xff00;
    if (address === undefined || !isGroup) {
      complain(
        "error",
        "bad-group",
        group,
        `"${group.text}" is not a multicast group`,
        kind === "mcast" ? "224.0.0.0 to 239.255.255.255" : "ff00::/8",
      );
    }
    const portNumber = number(port, 1, 65535, "port", complain);
    const ttlNumber = number(ttl, 0, 4, kind === "mcast" ? "ttl" : "hops", complain);
    const loopNumber = number(loop, 0, 1, "loop", complain);
    const complete = portNumber !== undefined && ttlNumber !== undefined && loopNumber !== undefined;
    if (!isDevice(device, complain) || address === undefined || !isGroup || !complete) return;
    const values = { group: address, port: portNumber, ttl: ttlNumber, loop: loopNumber === 1 };
    draft.media.push({ kind, device: device.text, ...values, at: device });
  };

function number(
  word: Word,
  least: number,
  most: number,
  what: string,
  complain: Complain,
): number | undefined {
  const value = readWhole(word.text, least, most);
  if (value === undefined)
    complain("error", "bad-number", word, `${what} "${word.text}" is not a number from ${least} to ${most}`);
  return value;
}
