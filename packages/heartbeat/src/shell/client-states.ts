/**
 * Which named API clients are signed on here, and those of other nodes by question and answer over the wire
 * (`query-cstatus`, `respond-cstatus`). Each coming and going is told to the clients of that name on all nodes.
 *
 * Source: specification of heartbeat, 6.5 (fields and their order from the recorded datagrams).
 */
import { type Clock, milliseconds, plus } from "@systole/machine";
import type { OtherMessage } from "../core/message.js";
import type { HeartbeatStatus } from "./commands.js";
import { memberNamed } from "./members.js";

export interface ClientStatesDependencies {
  readonly clock: Clock;
  readonly node: string;
  readonly status: () => HeartbeatStatus;
  readonly say: (message: OtherMessage, dest?: string) => void;
}

export interface ClientStates {
  joined(client: string): void;
  left(client: string): void;
  isOnline(client: string): boolean;
  /** Fields that a message of this client carries, beside its own. */
  signature(client: string): OtherMessage["fields"];
  /** Undefined for a node that is no member, or that does not say in time. */
  ask(node: string, client: string, limitMs: number): Promise<string | undefined>;
  /** Answers questions of other nodes, and takes their answers. */
  hear(from: string, message: OtherMessage): void;
}

/** Questions that wait for an answer; more are not asked. */
const MOST_QUESTIONS = 100;

export function createClientStates({
  clock,
  node: local,
  status,
  say,
}: ClientStatesDependencies): ClientStates {
  const online = new Set<string>();
  /** How often each name has signed on before. */
  const generations = new Map<string, number>();
  const waiting = new Map<string, (state: string) => void>();
  let last = 0;

  const signature = (client: string): OtherMessage["fields"] => [
    ["from_id", client],
    ["to_id", client],
    ["client_gen", String(generations.get(client) ?? 0)],
  ];
  const tell = (client: string, state: "join" | "leave", info: string): void => {
    const [from, to, generation] = signature(client);
    say({
      type: "other",
      name: "hbapi-clstat",
      fields: [["st", state], from!, to!, ["info", info], generation!],
    });
  };

  return {
    joined(client) {
      if (/^\d+$/.test(client)) return; // casual
      online.add(client);
      tell(client, "join", "signon");
    },
    left(client) {
      if (!online.delete(client)) return;
      tell(client, "leave", "disconnect");
      generations.set(client, (generations.get(client) ?? 0) + 1);
    },
    isOnline: (client) => online.has(client),
    signature,
    ask(node, client, limitMs) {
      const member = memberNamed(status(), node);
      if (member === undefined || waiting.size >= MOST_QUESTIONS) return Promise.resolve(undefined);
      if (member.node === local) return Promise.resolve(online.has(client) ? "online" : "offline");
      if (member.type === "ping" || member.state === "dead") return Promise.resolve("offline");
      const question = `systole${++last}`;
      return new Promise((resolve) => {
        const callOff = clock.at(plus(clock.now(), milliseconds(limitMs)), () => {
          waiting.delete(question);
          resolve(undefined);
        });
        waiting.set(question, (state) => {
          waiting.delete(question);
          callOff();
          resolve(state);
        });
        const fields = [
          ["cn", client],
          ["from_id", question],
        ] as const;
        say({ type: "other", name: "query-cstatus", fields }, member.node);
      });
    },
    hear(from, { name, fields }) {
      const said = new Map(fields);
      const client = said.get("cn") ?? "";
      if (name === "respond-cstatus") waiting.get(said.get("to_id") ?? "")?.(said.get("cs") ?? "offline");
      if (name !== "query-cstatus" || from === local) return;
      const answer = [
        ["result", "OK"],
        ["cn", client],
        ["to_id", said.get("from_id") ?? ""],
        ["cs", online.has(client) ? "online" : "offline"],
      ] as const;
      say({ type: "other", name: "respond-cstatus", fields: answer }, from);
    },
  };
}
