/**
 * One connection of the client API: signing on, requests, messages of a named client to the cluster, news.
 *
 *   connected --signon--> signed on --signoff, end of the stream--> gone
 *
 * Nothing but `signon` is heard before. Source: specification of heartbeat, section 8.2.
 */
import type { Caller } from "@systole/daemon";
import { type Fields, string, textOf } from "../wire/field.js";
import { otherOf } from "../wire/vocabulary.js";
import { isCasual, maySignOn } from "./api-access.js";
import { answerRequest } from "./api-requests.js";
import type { ApiSurroundings } from "./client-api.js";
import type { News } from "./news.js";

export interface ApiSession {
  /** Undefined until it has signed on. */
  readonly client: string | undefined;
  hear(fields: Fields): Promise<void>;
  tell(news: News): void;
}

/** What a client hears of everything that happens: bit 1 of the mask that `setfilter` gives. */
const KEPT = 1;

/** @param send a frame to the client; `end` hangs up. */
export function createApiSession(
  caller: Caller,
  world: ApiSurroundings,
  { send, end }: { send(fields: Fields): void; end(): void },
): ApiSession {
  let client: string | undefined;
  let filter = KEPT;

  function signOn(fields: Fields): void {
    const name = textOf(fields, "from_id") ?? "";
    const number = (field: string) => Number(textOf(fields, field) ?? Number.NaN);
    const honest =
      number("pid") === caller.pid && number("uid") === caller.uid && number("gid") === caller.gid;
    const right = honest && (!isCasual(name) || Number(name) === caller.pid);
    if (name === "" || !right || !maySignOn(name, caller, world.access()))
      return refuse(name, "not permitted");
    if (!isCasual(name) && world.isOnline(name)) return refuse(name, "is signed on already");
    client = name;
    const { keepalive, deadtime } = world.times();
    send([
      ...response("signon", "OK"),
      string("deadtime", deadtime.toString(16)),
      string("keepalive", keepalive.toString(16)),
      string("node", world.node),
      string("hbversion", world.version),
      string("pacemaker", "false"),
      string("logfacility", "-1"),
    ]);
    world.joined(name);
  }

  function refuse(name: string, why: string): void {
    world.warn(`client ${printable(name)} [pid ${caller.pid}, uid ${caller.uid}]: ${why}`);
    send([...response("signon", "fail"), string("info", why)]);
    end();
  }

  async function request(fields: Fields): Promise<void> {
    const type = textOf(fields, "reqtype") ?? "";
    if (type === "signon" && client === undefined) return signOn(fields);
    if (client === undefined || type === "signoff") return end();
    if (type === "setfilter") filter = Number.parseInt(textOf(fields, "fmask") ?? "", 16) || 0;
    for (const frame of await answerRequest(fields, world)) send(frame);
  }

  return {
    get client() {
      return client;
    },
    async hear(fields) {
      const type = textOf(fields, "t") ?? "";
      if (type === "hbapi-req") return request(fields);
      if (client === undefined || isCasual(client) || type === "" || type.startsWith("NS_")) return end();
      world.say(client, otherOf(type, fields), textOf(fields, "dest")?.toLowerCase());
    },
    tell(news) {
      if (client === undefined || (filter & KEPT) === 0) return;
      const addressed = news.kind === "message" ? fieldOf(news, "to_id") : undefined;
      if (addressed === undefined ? !isCasual(client) : addressed === client) send(framed(news));
    },
  };
}

export const response = (type: string, result: string): Fields => [
  string("t", "hbapi-resp"),
  string("reqtype", type),
  string("result", result),
];

const fieldOf = ({ message }: Extract<News, { kind: "message" }>, name: string): string | undefined =>
  message.fields.find(([own]) => own === name)?.[1];

function framed(news: News): Fields {
  switch (news.kind) {
    case "message":
      return [
        string("t", news.message.name),
        ...news.message.fields.map(([name, value]) => string(name, value)),
        string("src", news.from),
      ];
    case "node":
      return [string("t", "status"), string("st", news.state), string("src", news.node)];
    case "link":
      return [
        string("t", "ifstat"),
        string("node", news.node),
        string("ifname", news.link),
        string("st", news.state),
      ];
  }
}

const printable = (text: string): string => text.slice(0, 100).replaceAll(/[^\x21-\x7e]/g, "?");
