/** The medium directives of ha.cf. Each kind of medium keeps the udpport that stood before its first line. */
import type { Word } from "@systole/config";
import { parseIp, parseIpv4, parseIpv6 } from "@systole/wire";
import type { MediumConfig } from "./ha-cf.types.js";
import type { Draft } from "./ha-cf-draft.js";
import { type Directive, type Reading, readNumber, readPort } from "./ha-cf-values.js";

/** What `baud` may be, in bits a second. */
const BAUD_RATES = [9600, 19_200, 38_400, 57_600, 115_200, 230_400, 460_800];

function portOf(draft: Draft, kind: MediumConfig["kind"]): number {
  const port = draft.ports.get(kind) ?? draft.udpport;
  draft.ports.set(kind, port);
  return port;
}

/** IFNAMSIZ less the NUL; what no interface can be called is a slip of the pen. */
function isDevice(word: Word, { complain, around }: Reading): boolean {
  const valid = /^[^/\s]{1,15}$/.test(word.text);
  const message = `"${word.text}" cannot be an interface`;
  if (!valid) complain("error", "bad-device", word, message, "at most 15 characters, no slash");
  else if (!around.isInterface(word.text))
    complain("error", "no-interface", word, `there is no interface ${word.text}`);
  return valid;
}

/** What the original reads past without a word is worth one: it may be half of another line. */
function complainOfMore(word: Word | undefined, { complain, name }: Reading): void {
  if (word === undefined) return;
  complain("warning", "too-much", word, `${name.text}: "${word.text}" and what follows means nothing here`);
}

export const bcast: Directive = {
  takes: "option",
  apply(word, reading) {
    const { draft, complain, name } = reading;
    if (name.text === "udp")
      complain("warning", "obsolete", name, "udp is an old name of bcast", "write bcast");
    if (!isDevice(word, reading)) return;
    draft.media.push({ kind: "bcast", device: word.text, port: portOf(draft, "bcast"), at: word });
  },
};

export const ucast = (kind: "ucast" | "ucast6"): Directive => ({
  takes: "line",
  apply([device, peer, more], reading) {
    const { draft, complain, name } = reading;
    if (device === undefined || peer === undefined) {
      const message = `${kind} takes an interface and an address`;
      return complain("error", "bad-medium", name, message, `${kind} eth0 ADDRESS`);
    }
    complainOfMore(more, reading);
    const address = parseIp(peer.text);
    const wrongFamily = address !== undefined && address.includes(":") !== (kind === "ucast6");
    const misspelt = address === undefined && (kind === "ucast6" || /^[\d.]+$/.test(peer.text));
    if (wrongFamily || misspelt) {
      const what = kind === "ucast6" ? "an IPv6 address" : "an IPv4 address or a host name";
      complain("error", "bad-address", peer, `"${peer.text}" is not ${what}`);
    } else if (isDevice(device, reading)) {
      draft.media.push({ kind, device: device.text, peer: peer.text, port: portOf(draft, kind), at: peer });
    }
  },
});

export const mcast = (kind: "mcast" | "mcast6"): Directive => ({
  takes: "line",
  apply([device, group, port, ttl, loop, more], reading) {
    const { draft, complain, name } = reading;
    if (!device || !group || !port || !ttl || !loop) {
      const message = `${kind} takes interface, group, port, ttl and loop`;
      return complain("error", "bad-medium", name, message, `${kind} eth0 GROUP 694 1 0`);
    }
    complainOfMore(more, reading);
    const address = kind === "mcast" ? parseIpv4(group.text) : parseIpv6(group.text);
    const first = address === undefined ? 0 : Number.parseInt(address, kind === "mcast" ? 10 : 16);
    const isGroup = kind === "mcast" ? first >= 224 && first <= 239 : first >= 0xff00;
    if (address === undefined || !isGroup) {
      const range = kind === "mcast" ? "224.0.0.0 to 239.255.255.255" : "ff00::/8";
      complain("error", "bad-group", group, `"${group.text}" is not a multicast group`, range);
    }
    const portNumber = readPort(port, "port", complain);
    const ttlNumber = readNumber(ttl, [0, 4], kind === "mcast" ? "ttl" : "hops", complain);
    const loopNumber = readNumber(loop, [0, 1], "loop", complain);
    const complete = portNumber !== undefined && ttlNumber !== undefined && loopNumber !== undefined;
    if (!isDevice(device, reading) || address === undefined || !isGroup || !complete) return;
    const values = { group: address, port: portNumber, ttl: ttlNumber, loop: loopNumber === 1 };
    draft.media.push({ kind, device: device.text, ...values, at: device });
  },
});

/** A ring of serial cables. The path must be a character device when the file is read. */
export const serial: Directive = {
  takes: "option",
  apply(word, { draft, complain, around }) {
    if (!word.text.startsWith("/"))
      return complain("error", "bad-device", word, `serial: "${word.text}" is not an absolute path`);
    const kind = around.fileKind(word.text);
    if (kind !== "character-device") {
      const what = kind === "missing" ? "does not exist" : "is not a character device";
      return complain("error", "bad-device", word, `serial: ${word.text} ${what}`);
    }
    draft.serials.push(word);
  },
};

/** One rate for all serial media, wherever it stands. */
export const baud: Directive = {
  takes: "option",
  apply(word, { draft, complain }) {
    const rate = BAUD_RATES.find((one) => String(one) === word.text);
    if (draft.baud !== undefined) complain("error", "given-twice", word, "baud can be given once only");
    else if (rate !== undefined) draft.baud = rate;
    else {
      const message = `baud: "${word.text}" is not a rate of heartbeat`;
      complain("error", "bad-value", word, message, `one of: ${BAUD_RATES.join(" ")}`);
    }
  },
};
