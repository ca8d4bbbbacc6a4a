/**
 * What nodes say, as fields in the order and the number bases of heartbeat 3.0.6.
 *
 * Hexadecimal: `seq`, `hg`, `ts`, `dt`, `ackseq`, `firstseq` of NS_nak_rexmit. Decimal: `firstseq` and `lastseq` of
 * NS_rexmit, `ttl`. Source: specification of heartbeat, sections 6.3 and 6.5, and the recorded datagrams.
 */
import { milliseconds } from "@systole/machine";
import { DecodeError } from "@systole/wire";
import type { HoldSet, Message, OtherMessage } from "../core/message.js";
import { binary, binaryOf, type Field, type Fields, string, textOf } from "./field.js";
import { decodeOwnFacts, encodeOwnFacts } from "./own-facts.js";

/** What stands around a message on the wire. */
export interface Control {
  readonly dest: string | undefined;
  readonly destUuid: Uint8Array | undefined;
  readonly src: string;
  readonly srcUuid: Uint8Array | undefined;
  readonly generation: number;
  /** Absent in `NS_` messages, as is the load. */
  readonly sequence: number | undefined;
  /** Wall clock, whole seconds since 1970. */
  readonly sentAt: number;
  /** Text of /proc/loadavg. */
  readonly load: string;
  readonly ttl: number;
}

export interface Received {
  readonly control: Omit<Control, "load" | "ttl">;
  readonly message: Message;
}

const FORMAT = "heartbeat message";
const HOLD_SETS: readonly HoldSet[] = ["none", "local", "foreign", "all"];

const hexText = (value: number): string => value.toString(16);
const isUnsequenced = (type: string): boolean => type.startsWith("NS_");

/** The fields of a message with its control fields, as a real node would order them. */
export function encodeMessage(message: Message, control: Control): Fields {
  const own = ownFields(message, control.dest);
  const has = new Set(own.map(({ name }) => name));
  const { dest, destUuid, srcUuid, sequence } = control;
  const fields = [...own];
  if (dest !== undefined && !has.has("dest")) fields.push(string("dest", dest));
  if (dest !== undefined && destUuid !== undefined) fields.push(binary("destuuid", destUuid));
  fields.push(string("src", control.src));
  if (srcUuid !== undefined) fields.push(binary("srcuuid", srcUuid));
  if (sequence !== undefined) fields.push(string("seq", hexText(sequence)));
  fields.push(string("hg", hexText(control.generation)), string("ts", hexText(control.sentAt)));
  if (sequence !== undefined) fields.push(string("ld", control.load));
  fields.push(string("ttl", String(control.ttl)));
  return fields;
}

function ownFields(message: Message, dest: string | undefined): Field[] {
  const t = (type: string): Field => string("t", type);
  const to = dest === undefined ? [] : [string("dest", dest)];
  switch (message.type) {
    case "status":
      return [
        t("status"),
        string("st", message.state),
        string("dt", hexText(Math.round(message.deadtime))),
        ...(message.protocol === undefined ? [] : [string("protocol", String(message.protocol))]),
        ...(message.ours === undefined ? [] : encodeOwnFacts(message.ours)),
      ];
    case "starting":
    case "reqnodes":
      return [t(message.type), ...to];
    case "resource":
      return [
        t("resource"),
        string("rsc_hold", message.holds),
        ...(message.stable === undefined
          ? []
          : [string("rtype", "full"), string("isstable", message.stable ? "1" : "0")]),
        ...(message.info === undefined ? [] : [string("info", message.info)]),
      ];
    case "ask_resources":
      return [t("ask_resources"), string("rsc_hold", message.set), string("info", message.info)];
    case "hb_takeover":
      return [t("hb_takeover"), string("rsc_hold", message.set)];
    case "ip-request":
    case "ip-request-resp":
      return requestFields(message, to);
    case "stonith":
      return [t("stonith"), string("node", message.node), string("result", message.result)];
    case "shutdone":
      return [t("shutdone"), string("st", "dead")];
    case "repnodes":
      return [
        ...to,
        t("repnodes"),
        string("nodelist", nodeList(message.nodes)),
        string("delnodelist", message.deleted.length === 0 ? " " : nodeList(message.deleted)),
      ];
    case "num_ping_nodes":
      return [t(message.type), string("num_ping", String(message.count)), ...to, ...FROM_IPFAIL];
    case "you_are_dead":
    case "abort_giveup":
      return [t(message.type), ...to, ...FROM_IPFAIL];
    case "NS_ackmsg":
    case "NS_rexmit":
    case "NS_nak_rexmit":
      return deliveryFields(message, to);
    case "other":
      return [t(message.name), ...to, ...message.fields.map(([name, value]) => string(name, value))];
  }
}

type Request = Extract<Message, { readonly type: "ip-request" | "ip-request-resp" }>;

/** auto_failback legacy: one group is asked for, or let go of. */
function requestFields(message: Request, to: readonly Field[]): Field[] {
  const group = string("ipaddr", message.group);
  if (message.type === "ip-request") return [string("t", "ip-request"), group];
  const { weOwn, ok } = message;
  return [
    ...[string("t", "ip-request-resp"), ...to, group],
    ...[string("weown", weOwn ? "yes" : "no"), string("ok", ok ? "OK" : "fail")],
  ];
}

/** A message of the named client ipfail on one node to that on another. */
const FROM_IPFAIL: readonly Field[] = [
  string("from_id", "ipfail"),
  string("to_id", "ipfail"),
  string("client_gen", "0"),
];

type Delivery = Extract<Message, { readonly type: "NS_ackmsg" | "NS_rexmit" | "NS_nak_rexmit" }>;

/** Acknowledgement, request to send again, refusal. */
function deliveryFields(message: Delivery, to: readonly Field[]): Field[] {
  switch (message.type) {
    case "NS_ackmsg":
      return [string("t", "NS_ackmsg"), ...to, string("ackseq", hexText(message.sequence))];
    case "NS_rexmit":
      return [
        string("t", "NS_rexmit"),
        ...to,
        string("firstseq", String(message.first)),
        string("lastseq", String(message.last)),
      ];
    case "NS_nak_rexmit":
      return [
        string("t", "NS_nak_rexmit"),
        string("firstseq", hexText(message.first)),
        ...to,
        string("info", message.info),
      ];
  }
}

const nodeList = (names: readonly string[]): string => names.map((name) => `${name} `).join("");
const nodeNames = (text: string): readonly string[] => text.split(" ").filter((name) => name !== "");

/**
 * Reads the fields of an authentic datagram.
 *
 * A type that we do not know, or words in a type that we do not know, make a message of type `other`: it counts in the
 * sequence and says nothing.
 *
 * @throws DecodeError if a field that every message needs is missing or not a number.
 */
export function decodeMessage(fields: Fields): Received {
  const type = needed(fields, "t");
  const unsequenced = isUnsequenced(type);
  const sentAt = number(fields, "ts", 16);
  if (sentAt === 0) throw new DecodeError(FORMAT, 0, "ts is zero");
  const control: Received["control"] = {
    dest: textOf(fields, "dest"),
    destUuid: uuidOf(fields, "destuuid"),
    src: needed(fields, "src"),
    srcUuid: uuidOf(fields, "srcuuid"),
    generation: textOf(fields, "hg") === undefined ? 0 : number(fields, "hg", 16),
    sequence: unsequenced ? undefined : number(fields, "seq", 16),
    sentAt,
  };
  return { control, message: messageOf(type, fields) ?? otherOf(type, fields) };
}

const CONTROL_FIELDS = new Set("t dest destuuid src srcuuid seq hg ts ld ttl auth".split(" "));

/** What a message of no meaning here says, for clients and scripts. */
export const otherOf = (name: string, fields: Fields): OtherMessage => ({
  type: "other",
  name,
  fields: fields.flatMap((field) =>
    field.type === "string" && !CONTROL_FIELDS.has(field.name) ? [[field.name, field.value] as const] : [],
  ),
});

/** Undefined for a type or words that we do not know. */
function messageOf(type: string, fields: Fields): Message | undefined {
  switch (type) {
    case "status":
      return statusOf(fields);
    case "starting":
    case "reqnodes":
    case "shutdone":
      return { type };
    case "resource":
      return resourceOf(fields);
    case "ask_resources":
      return askResourcesOf(fields);
    case "hb_takeover": {
      const set = holdSet(fields);
      return set && { type, set };
    }
    case "ip-request":
      return { type, group: needed(fields, "ipaddr") };
    case "ip-request-resp":
      return {
        type,
        group: needed(fields, "ipaddr"),
        weOwn: textOf(fields, "weown") === "yes",
        ok: textOf(fields, "ok") === "OK",
      };
    case "stonith":
      return stonithOf(fields);
    case "repnodes":
      return {
        type,
        nodes: nodeNames(needed(fields, "nodelist")),
        deleted: nodeNames(textOf(fields, "delnodelist") ?? ""),
      };
    case "num_ping_nodes":
      return { type, count: number(fields, "num_ping", 10) };
    case "you_are_dead":
    case "abort_giveup":
      return { type };
    case "NS_ackmsg":
      return { type, sequence: number(fields, "ackseq", 16) };
    case "NS_rexmit":
      return { type, first: number(fields, "firstseq", 10), last: number(fields, "lastseq", 10) };
    case "NS_nak_rexmit":
      return { type, first: number(fields, "firstseq", 16), info: textOf(fields, "info") ?? "" };
    default:
      return undefined;
  }
}

function statusOf(fields: Fields): Message | undefined {
  const state = textOf(fields, "st");
  if (state !== "init" && state !== "up" && state !== "active") return undefined;
  const protocol = textOf(fields, "protocol") === undefined ? undefined : number(fields, "protocol", 10);
  const deadtime = milliseconds(number(fields, "dt", 16));
  const ours = decodeOwnFacts(fields);
  return { type: "status", state, deadtime, protocol, ...(ours !== undefined && { ours }) };
}

function resourceOf(fields: Fields): Message | undefined {
  const holds = holdSet(fields);
  const stable = textOf(fields, "isstable");
  const info = textOf(fields, "info");
  return (
    holds && {
      type: "resource",
      holds,
      ...(stable !== undefined && { stable: stable === "1" }),
      ...(info !== undefined && { info }),
    }
  );
}

function askResourcesOf(fields: Fields): Message | undefined {
  const set = holdSet(fields);
  const info = textOf(fields, "info");
  if (info !== "me" && info !== "other" && info !== "done" && info !== "not") return undefined;
  return set && { type: "ask_resources", set, info };
}

function stonithOf(fields: Fields): Message | undefined {
  const result = textOf(fields, "result");
  switch (result) {
    case "OK":
    case "badhost":
    case "bad":
    case "n_stnth":
    case "unneeded":
      return { type: "stonith", node: needed(fields, "node"), result };
    default:
      return undefined;
  }
}

const holdSet = (fields: Fields): HoldSet | undefined => {
  const word = textOf(fields, "rsc_hold");
  return HOLD_SETS.find((set) => set === word);
};

function needed(fields: Fields, name: string): string {
  const value = textOf(fields, name);
  if (value === undefined || value === "") throw new DecodeError(FORMAT, 0, `has no ${name}`);
  return value;
}

function number(fields: Fields, name: string, base: 10 | 16): number {
  const value = needed(fields, name);
  const digits = base === 16 ? /^[0-9a-f]{1,12}$/i : /^\d{1,15}$/;
  if (!digits.test(value)) throw new DecodeError(FORMAT, 0, `${name} is not a number`);
  return Number.parseInt(value, base);
}

function uuidOf(fields: Fields, name: string): Uint8Array | undefined {
  const uuid = binaryOf(fields, name);
  return uuid?.length === 16 ? uuid : undefined;
}
