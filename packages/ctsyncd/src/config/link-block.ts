/** The blocks UDP, TCP and Multicast: a link between the directors. */
import type { Word } from "@systole/config";
import type { IpAddress } from "@systole/wire";
import type { SyncLink } from "./configuration.js";
import type { Directives, Tokens } from "./tokens.js";

type Kind = SyncLink["kind"];

interface Draft {
  address?: IpAddress | undefined;
  peers: IpAddress[];
  interfaceAddress?: IpAddress | undefined;
  interface?: string | undefined;
  port?: number | undefined;
  sendBufferBytes?: number | undefined;
  receiveBufferBytes?: number | undefined;
  noChecksum?: boolean | undefined;
}

/** Most peers of one link. */
const PEERS_LIMIT = 7;

/**
 * Reads a block behind the word UDP, TCP or Multicast (and Default).
 *
 * @param ignore told of options that are accepted without effect.
 */
export function readLink(tokens: Tokens, keyword: Word, ignore: (word: Word) => void): SyncLink | undefined {
  const kind: Kind = keyword.text === "UDP" ? "udp" : keyword.text === "TCP" ? "tcp" : "multicast";
  const draft: Draft = { peers: [] };
  const before = tokens.diagnostics.length;
  tokens.block(keyword, {
    ...commonDirectives(tokens, kind, draft, ignore),
    ...ownDirectives(tokens, kind, draft, ignore),
  });
  if (tokens.diagnostics.slice(before).some(({ severity }) => severity === "error")) return undefined;
  return kind === "multicast"
    ? finishMulticast(tokens, keyword, draft)
    : finishUnicast(tokens, keyword, kind, draft);
}

function commonDirectives(
  tokens: Tokens,
  kind: Kind,
  draft: Draft,
  ignore: (word: Word) => void,
): Directives {
  const peer = (family: "inet" | "inet6") => (word: Word) => {
    const address = tokens.address(word, family);
    if (address === undefined) return;
    if (draft.peers.includes(address)) {
      tokens.error(word, "duplicate-peer", `${keyword(kind)}: ${address} is named twice`);
    }
    if (draft.peers.length === PEERS_LIMIT) {
      tokens.error(word, "too-many-peers", `${keyword(kind)}: more than ${PEERS_LIMIT} peers`);
    }
    draft.peers.push(address);
  };
  return {
    IPv4_address: (word: Word) => {
      draft.address = tokens.address(word, "inet");
    },
    IPv6_address: (word: Word) => {
      draft.address = tokens.address(word, "inet6");
    },
    IPv4_Destination_Address: peer("inet"),
    IPv6_Destination_Address: peer("inet6"),
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
      draft.noChecksum = tokens.bool(word) === false;
      if (draft.noChecksum && kind === "tcp") ignore(word);
    },
  };
}

const keyword = (kind: Kind): string => ({ udp: "UDP", tcp: "TCP", multicast: "Multicast" })[kind];

function ownDirectives(tokens: Tokens, kind: Kind, draft: Draft, ignore: (word: Word) => void): Directives {
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
  return {
    Port: port,
    ...(kind === "tcp" && {
      // What cannot be sent is not kept: a bulk update follows every connection.
      ErrorQueueLength: (word: Word) => {
        if (tokens.number(word) !== undefined) ignore(word);
      },
    }),
  };
}

function finishUnicast(
  tokens: Tokens,
  keyword: Word,
  kind: "udp" | "tcp",
  draft: Draft,
): SyncLink | undefined {
  const { address, peers, port, interface: name } = draft;
  if (address === undefined) return missing(tokens, keyword, "IPv4_address or IPv6_address");
  if (peers.length === 0)
    return missing(tokens, keyword, "IPv4_Destination_Address or IPv6_Destination_Address");
  if (port === undefined) return missing(tokens, keyword, "Port");
  if (name === undefined) return missing(tokens, keyword, "Interface");
  if (peers.some((peer) => address.includes(":") !== peer.includes(":"))) {
    const problem = `${keyword.text}: own address and destination are of different families`;
    tokens.error(keyword, "mixed-families", problem);
    return undefined;
  }
  return { kind, address, peers, port, interface: name, ...sockets(draft) };
}

function finishMulticast(tokens: Tokens, keyword: Word, draft: Draft): SyncLink | undefined {
  const { address: group, interfaceAddress, port, interface: name, peers } = draft;
  if (group === undefined) return missing(tokens, keyword, "IPv4_address or IPv6_address (the group)");
  if (port === undefined) return missing(tokens, keyword, "Group (the UDP port)");
  if (name === undefined) return missing(tokens, keyword, "Interface");
  if (!isGroup(group)) {
    const problem = `Multicast: ${group} is not a multicast address`;
    tokens.error(keyword, "bad-group", problem, "225.0.0.50 is usual");
    return undefined;
  }
  if (!group.includes(":") && interfaceAddress === undefined)
    return missing(tokens, keyword, "IPv4_interface");
  const address = interfaceAddress;
  return { kind: "multicast", group, address, peers, port, interface: name, ...sockets(draft) };
}

function isGroup(address: IpAddress): boolean {
  const first = Number.parseInt(address, 10);
  return address.includes(":") ? address.startsWith("ff") : first >= 224 && first <= 239;
}

function missing(tokens: Tokens, keyword: Word, what: string): undefined {
  tokens.error(keyword, "missing-option", `${keyword.text}: ${what} is missing`);
  return undefined;
}

const sockets = ({ sendBufferBytes, receiveBufferBytes, noChecksum }: Draft) => ({
  ...(sendBufferBytes !== undefined && { sendBufferBytes }),
  ...(receiveBufferBytes !== undefined && { receiveBufferBytes }),
  ...(noChecksum && { noChecksum }),
});
