/**
 * Requests of the client API (`t=hbapi-req`) and their answers, as fields. Signing on and off is the business of
 * api-session.ts.
 *
 * Source: specification of heartbeat, section 8.2; test/interop/heartbeat-api.test.ts asks with the original's clients.
 */
import { binary, binaryOf, type Field, type Fields, string, textOf } from "../wire/field.js";
import type { HeartbeatStatus } from "./commands.js";
import { type Member, memberNamed, membersOf } from "./members.js";

export interface ApiWorld {
  readonly status: () => HeartbeatStatus;
  /** A parameter of ha.cf; undefined if it is not set. */
  readonly parameter: (name: string) => string | undefined;
  readonly uuidOf: (node: string) => Uint8Array | undefined;
  /** `online`, `offline`; undefined: no answer of that node in time. */
  readonly clientState: (node: string, client: string) => Promise<string | undefined>;
}

/** The frames that answer, in their order; none for what needs no answer. */
export async function answerRequest(request: Fields, world: ApiWorld): Promise<readonly Fields[]> {
  const type = textOf(request, "reqtype") ?? "";
  const reply = (result: string, ...fields: readonly Field[]): Fields => [
    string("t", "hbapi-resp"),
    string("reqtype", type),
    ...fields,
    string("result", result),
  ];
  const status = world.status();
  const ofMember = (what: (member: Member) => readonly Field[]): readonly Fields[] => {
    const found = memberNamed(status, textOf(request, "node") ?? "");
    return [found === undefined ? reply("fail") : reply("OK", ...what(found))];
  };
  switch (type) {
    case "nodelist":
      return walk(membersOf(status), reply, (member) => [
        string("node", member.node),
        string("nodetype", member.type),
        string("st", member.state),
      ]);
    case "nodestatus":
      return ofMember(({ state }) => [string("st", state)]);
    case "nodetype":
      return ofMember(({ type: kind }) => [string("nodetype", kind)]);
    case "nodeweight":
      return ofMember(({ weight }) => [string("weight", String(weight))]);
    case "nodesite":
      return ofMember(({ site }) => [string("site", site)]);
    case "iflist": {
      const found = memberNamed(status, textOf(request, "node") ?? "");
      if (found === undefined) return [reply("fail")];
      return walk(found.links, reply, ({ name, state }) => [string("ifname", name), string("st", state)]);
    }
    case "ifstatus":
      return [linkStatus(request, status, reply)];
    case "numnodes":
      return [reply("OK", string("numnodes", String(membersOf(status).length)))];
    case "getparm": {
      const value = world.parameter(textOf(request, "pname") ?? "");
      return [reply("OK", ...(value === undefined ? [] : [string("pvalue", value)]))];
    }
    case "getrsc":
      return [reply("OK", string("rsc_hold", status.holds))];
    case "clientstatus": {
      const state = await world.clientState(textOf(request, "node") ?? "", textOf(request, "cn") ?? "");
      return state === undefined ? [] : [clientStatus(request, status.node, state)];
    }
    case "getuuid":
    case "getnodename":
      return [identity(type, request, world, reply)];
    case "setfilter":
      return [reply("OK")];
    case "setsignal":
      // 0 asks for none. Any other would have us send signals to a process number.
      return [reply(/^0*$/.test(textOf(request, "signal") ?? "") ? "OK" : "fail")];
    case "set_sendqlen":
      return [];
    default:
      return [reply("badreq", string("info", `heartbeat has no request ${type}`))];
  }
}

/** The original hands on the very message that the asked node sends over the wire. */
const clientStatus = (request: Fields, local: string, state: string): Fields => [
  string("t", "respond-cstatus"),
  string("dest", local),
  string("result", "OK"),
  string("cn", textOf(request, "cn") ?? ""),
  string("to_id", textOf(request, "from_id") ?? ""),
  string("cs", state),
  string("src", textOf(request, "node") ?? ""),
];

type Reply = (result: string, ...fields: readonly Field[]) => Fields;

/** One frame each, the last with another result. */
function walk<Item>(
  items: readonly Item[],
  reply: Reply,
  fieldsOf: (item: Item) => readonly Field[],
): readonly Fields[] {
  if (items.length === 0) return [reply("fail")];
  return items.map((item, index) => reply(index === items.length - 1 ? "OK" : "ok/more", ...fieldsOf(item)));
}

function linkStatus(request: Fields, status: HeartbeatStatus, reply: Reply): Fields {
  const member = memberNamed(status, textOf(request, "node") ?? "");
  const link = member?.links.find(({ name }) => name === textOf(request, "ifname"));
  return link === undefined ? reply("fail") : reply("OK", string("st", link.state));
}

function identity(type: "getuuid" | "getnodename", request: Fields, world: ApiWorld, reply: Reply): Fields {
  if (type === "getuuid") {
    const uuid = world.uuidOf((textOf(request, "queryname") ?? "").toLowerCase());
    return uuid === undefined ? reply("fail") : reply("OK", binary("queryuuid", uuid));
  }
  const wanted = binaryOf(request, "queryuuid");
  const found = world.status().nodes.find(({ node }) => {
    const uuid = world.uuidOf(node);
    return uuid !== undefined && wanted !== undefined && Buffer.from(uuid).equals(wanted);
  });
  return found === undefined ? reply("fail") : reply("OK", string("queryname", found.node));
}
