/** The blocks UDP and Multicast: the link between the directors. */
import type { Word } from "@systole/config";
import type { IpAddress } from "@systole/wire";
import type { SyncLink } from "./configuration.js";
import type { Tokens } from "./tokens.js";

interface Draft {
  address?: IpAddress | undefined;
  peer?: IpAddress | undefined;
  interfaceAddress?: IpAddress | undefined;
  interface?: string | undefined;
  port?: number | undefined;
  sendBufferBytes?: number | undefined;
  receiveBufferBytes?: number | undefined;
}

/**
 * Reads a block behind the word UDP or Multicast (and Default).
 *
 * @param ignore told of options that are accepted without effect.
 */
export function readLink(tokens: Tokens, keyword: Word, ignore: (word: Word) => void): SyncLink | undefined {
  const kind = keyword.text === "UDP" ? "udp" : "multicast";
  const draft: Draft = {};
  const before = tokens.diagnostics.length;
  tokens.block(keyword, {
    ...commonDirectives(tokens, draft, ignore),
    ...ownDirectives(tokens, kind, draft, ignore),
  });
  if (tokens.diagnostics.slice(before).some(({ severity }) => severity === "error")) return undefined;
  return kind === "udp" ? finishUdp(tokens, keyword, draft) : finishMulticast(tokens, keyword, draft);
}

function commonDirectives(tokens: Tokens, draft: Draft, ignore: (word: Word) => void) {
  return {
    IPv4_address: (word: Word) => {
      draft.address = tokens.address(word, "inet");
    },
    IPv6_address: (word: Word) => {
      draft.address = tokens.address(word, "inet6");
    },
    Interface: (word: Word) => {
      draft.interface = tokens.value(word)?.text;
    },
    SndSocketBuffer: (word: Word) => {
      draft.sendBufferBytes = tokens.number(word, 1);
    },
    RcvSocketBuffer: (word: Word) => {
      draft.receiveBufferBytes = tokens.number(word, 1);
    },
    Checksum: (word: Word) => {
      // A checksum costs nothing worth leaving it out; a peer takes datagrams with and without.
      if (tokens.bool(word) === false) ignore(word);
    },
  };
}

function ownDirectives(
  tokens: Tokens,
  kind: "udp" | "multicast",
  draft: Draft,
  ignore: (word: Word) => void,
) {
  const port = (word: Word) => {
    draft.port = tokens.number(word, 1, 65_535);
  };
  if (kind === "multicast") {
    return {
      Group: port,
      IPv4_interface: (word: Word) => {
        draft.interfaceAddress = tokens.address(word, "inet");
      },
      IPv6_interface: (word: Word) => {
        tokens.value(word);
        ignore(word);
      },
    };
  }
  const peer = (family: "inet" | "inet6") => (word: Word) => {
    const address = tokens.address(word, family);
    if (draft.peer !== undefined && address !== undefined) {
      tokens.error(word, "not-yet", "only one destination address is supported for now");
    }
    draft.peer = address;
  };
  return { Port: port, IPv4_Destination_Address: peer("inet"), IPv6_Destination_Address: peer("inet6") };
}

function finishUdp(tokens: Tokens, keyword: Word, draft: Draft): SyncLink | undefined {
  const { address, peer, port, interface: name } = draft;
  if (address === undefined) return missing(tokens, keyword, "IPv4_address or IPv6_address");
  if (peer === undefined)
    return missing(tokens, keyword, "IPv4_Destination_Address or IPv6_Destination_Address");
  if (port === undefined) return missing(tokens, keyword, "Port");
  if (name === undefined) return missing(tokens, keyword, "Interface");
  if (address.includes(":") !== peer.includes(":")) {
    tokens.error(keyword, "mixed-families", "UDP: own address and destination are of different families");
    return undefined;
  }
  return { kind: "udp", address, peer, port, interface: name, ...buffers(draft) };
}

function finishMulticast(tokens: Tokens, keyword: Word, draft: Draft): SyncLink | undefined {
  const { address: group, interfaceAddress, port, interface: name } = draft;
  if (group === undefined) return missing(tokens, keyword, "IPv4_address or IPv6_address (the group)");
  if (port === undefined) return missing(tokens, keyword, "Group (the UDP port)");
  if (name === undefined) return missing(tokens, keyword, "Interface");
  if (!isGroup(group)) {
    tokens.error(
      keyword,
      "bad-group",
      `Multicast: ${group} is not a multicast address`,
      "225.0.0.50 is usual",
    );
    return undefined;
  }
  if (!group.includes(":") && interfaceAddress === undefined)
    return missing(tokens, keyword, "IPv4_interface");
  return { kind: "multicast", group, address: interfaceAddress, port, interface: name, ...buffers(draft) };
}

function isGroup(address: IpAddress): boolean {
  const first = Number.parseInt(address, 10);
  return address.includes(":") ? address.startsWith("ff") : first >= 224 && first <= 239;
}

function missing(tokens: Tokens, keyword: Word, what: string): undefined {
  tokens.error(keyword, "missing-option", `${keyword.text}: ${what} is missing`);
  return undefined;
}

const buffers = ({ sendBufferBytes, receiveBufferBytes }: Draft) => ({
  ...(sendBufferBytes !== undefined && { sendBufferBytes }),
  ...(receiveBufferBytes !== undefined && { receiveBufferBytes }),
});
