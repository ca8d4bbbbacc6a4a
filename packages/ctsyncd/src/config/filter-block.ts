/** The Filter block: which flows are worth sending. The last Accept or Ignore of a kind is the word for all of it. */
import type { Word } from "@systole/config";
import { suggest } from "@systole/config";
import { parseIpv4, parseIpv6 } from "@systole/wire";
import type { Filter, Network, Policy } from "../core/filter.js";
import type { Tokens } from "./tokens.js";

/** The names of /etc/protocols that occur in such files; conntrackd takes any of that file. */
const PROTOCOLS: ReadonlyMap<string, number> = new Map(
  Object.entries({
    icmp: 1,
    igmp: 2,
    ipip: 4,
    ipencap: 4,
    tcp: 6,
    udp: 17,
    dccp: 33,
    gre: 47,
    esp: 50,
    ah: 51,
    icmpv6: 58,
    "ipv6-icmp": 58,
    ospf: 89,
    sctp: 132,
    udplite: 136,
  }),
);

/** TCP_CONNTRACK_* by the names of the file. */
const TCP_STATES: ReadonlyMap<string, number> = new Map(
  Object.entries({
    SYN_SENT: 1,
    SYN_RECV: 2,
    ESTABLISHED: 3,
    FIN_WAIT: 4,
    CLOSE_WAIT: 5,
    LAST_ACK: 6,
    TIME_WAIT: 7,
    CLOSE: 8,
    CLOSED: 8,
    LISTEN: 9,
  }),
);

/** Reads the block behind the word Filter. */
export function readFilter(tokens: Tokens, keyword: Word): Filter {
  const protocols = new Set<number>();
  const networks: Network[] = [];
  const states = new Set<number>();
  const policies: { protocols?: Policy; addresses?: Policy; states?: Policy } = {};
  const inKernel = tokens.peek()?.text === "From" && readFrom(tokens) === "Kernelspace";
  tokens.block(keyword, {
    Protocol: (word) => {
      const policy = readPolicy(tokens, word);
      if (policy === undefined) return;
      policies.protocols = policy;
      for (const name of tokens.list(word)) addProtocol(tokens, name, protocols);
    },
    Address: (word) => {
      const policy = readPolicy(tokens, word);
      if (policy === undefined) return;
      policies.addresses = policy;
      const add = (keyword: Word) => addNetwork(tokens, keyword, networks);
      tokens.block(word, { IPv4_address: add, IPv6_address: add });
    },
    State: (word) => {
      const policy = readPolicy(tokens, word);
      if (policy === undefined) return;
      policies.states = policy;
      for (const name of tokens.list(word)) addState(tokens, name, states);
    },
  });
  return {
    ...(inKernel && { inKernel }),
    ...(policies.protocols && { protocols: { policy: policies.protocols, numbers: protocols } }),
    ...(policies.addresses && { addresses: { policy: policies.addresses, networks } }),
    ...(policies.states && { states: { policy: policies.states, numbers: states } }),
  };
}

/** Kernelspace means the same, earlier: the original's socket filter judges otherwise by mistake. */
function readFrom(tokens: Tokens): string | undefined {
  tokens.take();
  const where = tokens.take();
  if (where !== undefined && (where.text === "Userspace" || where.text === "Kernelspace")) return where.text;
  tokens.error(where, "bad-word", "Filter From: expected Userspace or Kernelspace");
  return undefined;
}

function readPolicy(tokens: Tokens, keyword: Word): Policy | undefined {
  const word = tokens.value(keyword);
  if (word?.text === "Accept") return "accept";
  if (word?.text === "Ignore") return "ignore";
  tokens.error(word ?? keyword, "bad-word", `${keyword.text}: expected Accept or Ignore`);
  tokens.skipLine(keyword);
  return undefined;
}

function addProtocol(tokens: Tokens, name: Word, numbers: Set<number>): void {
  const number = PROTOCOLS.get(name.text.toLowerCase());
  if (number !== undefined) numbers.add(number);
  else {
    const near = suggest(name.text, PROTOCOLS.keys());
    const hint = near === undefined ? undefined : `did you mean ${near}?`;
    tokens.warning(name, "unknown-protocol", `protocol "${name.text}" is not known and is skipped`, hint);
  }
}

function addNetwork(tokens: Tokens, keyword: Word, networks: Network[]): void {
  const word = tokens.value(keyword);
  if (word === undefined) return;
  const v4 = keyword.text === "IPv4_address";
  const [text = "", bits] = word.text.split("/");
  const address = v4 ? parseIpv4(text) : parseIpv6(text);
  const most = v4 ? 32 : 128;
  const prefix = bits === undefined ? most : Number(bits);
  if (address === undefined || (bits !== undefined && !/^\d+$/.test(bits)) || prefix > most) {
    const hint = v4 ? "write 192.0.2.1 or 192.0.2.0/24" : "write 2001:db8::1 or 2001:db8::/64";
    tokens.error(word, "bad-address", `${keyword.text}: "${word.text}" is not an address or network`, hint);
    return;
  }
  networks.push({ address, prefix });
}

/** `ESTABLISHED CLOSED for TCP`: "for" and "TCP" only close a group. */
function addState(tokens: Tokens, name: Word, states: Set<number>): void {
  if (name.text === "for" || name.text === "TCP") return;
  const number = TCP_STATES.get(name.text);
  if (number !== undefined) states.add(number);
  else {
    const near = suggest(name.text, TCP_STATES.keys());
    const hint = near === undefined ? undefined : `did you mean ${near}?`;
    tokens.error(name, "bad-state", `"${name.text}" is not a state of TCP`, hint);
  }
}
