/** Servers of the behaviour vectors, without sockets: what each kind says, as the runner of the vectors had them. */
import { createHash } from "node:crypto";

export interface ServerSpec {
  readonly kind: string;
  readonly status?: string;
  readonly headers?: readonly string[];
  readonly body?: string;
  readonly banner?: string;
  readonly replies?: readonly (readonly [string, string])[];
  readonly on_eof?: string;
  readonly answers?: readonly string[];
  readonly files?: Readonly<Record<string, string>>;
  readonly reply?: string;
  readonly tls?: boolean;
  /** Names of the entries that an LDAP search finds. */
  readonly entries?: readonly string[];
  /** What a RADIUS server shares with its clients. */
  readonly secret?: string;
}

/** One connection as the server sees it. */
export interface Session {
  /** On accept. */
  greet(): string | undefined;
  /** On bytes. */
  hear(bytes: string): Reply | undefined;
  /** When the client ends its side. */
  end(): string | undefined;
}

export interface Reply {
  readonly say: string;
  readonly close?: boolean;
  /** Bytes on the data connection that was opened. */
  readonly data?: string;
}

export const DATA_PORT = 40_000;

const quiet = { greet: () => undefined, end: () => undefined };

function http(spec: ServerSpec): Session {
  let heard = "";
  return {
    ...quiet,
    hear(bytes) {
      heard += bytes;
      if (!heard.includes("\r\n\r\n")) return undefined;
      const body = heard.startsWith("HEAD") ? "" : (spec.body ?? "OK");
      const size = new TextEncoder().encode(body).length;
      const head = [
        `HTTP/1.1 ${spec.status ?? "200 OK"}`,
        ...(spec.headers ?? []),
        `Content-Length: ${size}`,
        "Connection: close",
      ];
      return { say: `${head.join("\r\n")}\r\n\r\n${body}`, close: true };
    },
  };
}

function raw(spec: ServerSpec): Session {
  let heard = "";
  return {
    greet: () => spec.banner,
    hear(bytes) {
      heard += bytes;
      const reply = spec.replies?.find(([pattern]) => new RegExp(pattern, "s").test(heard));
      if (reply === undefined) return undefined;
      heard = "";
      return { say: reply[1] };
    },
    end: () => spec.on_eof,
  };
}

function ftp({ files = {} }: ServerSpec): Session {
  const say = (text: string): Reply => ({ say: `${text}\r\n` });
  return {
    greet: () => "220 ready\r\n",
    hear(bytes) {
      const [command = "", argument = ""] = bytes.trim().split(" ");
      if (command === "USER") return say("331 password please");
      if (command === "PASS") return say("230 in");
      if (command === "EPSV") return say("500 unknown");
      if (command === "PASV")
        return say(`227 Entering Passive Mode (192,0,2,21,${DATA_PORT >> 8},${DATA_PORT & 255})`);
      if (command === "QUIT") return { say: "221 bye\r\n", close: true };
      const file = files[argument];
      if (command !== "RETR") return say("200 ok");
      return file === undefined ? say("550 no such file") : { say: "150 here\r\n226 done\r\n", data: file };
    },
    end: () => undefined,
  };
}

function dns({ answers = [] }: ServerSpec): Session {
  return {
    ...quiet,
    hear(query) {
      let end = 12;
      while (query.charCodeAt(end) > 0) end += query.charCodeAt(end) + 1;
      const word = (value: number) => String.fromCharCode(value >> 8, value & 255);
      const records = answers.map((answer) => {
        const v6 = answer.includes(":");
        // The one IPv6 address of the vectors is 2001:db8::1.
        const data = v6
          ? `\x20\x01\x0d\xb8${"\0".repeat(11)}\x01`
          : String.fromCharCode(...answer.split(".").map(Number));
        return `${word(0xc00c)}${word(v6 ? 28 : 1)}${word(1)}\0\0\0\x3c${word(data.length)}${data}`;
      });
      return {
        say: `${query.slice(0, 2)}\x81\x80\0\x01${word(answers.length)}\0\0\0\0${query.slice(12, end + 5)}${records.join("")}`,
      };
    },
  };
}

/** Answers each bind with success, each search with its entries; messages of less than 128 bytes, as in the vectors. */
function ldap({ entries = [] }: ServerSpec): Session {
  const element = (tag: number, bytes: string) => String.fromCharCode(tag, bytes.length) + bytes;
  const done = "\x0a\x01\0\x04\0\x04\0";
  let heard = "";
  const answer = (message: string): string => {
    const id = message.slice(0, 2 + message.charCodeAt(1));
    const say = (bytes: string) => element(0x30, id + bytes);
    const operation = message.charCodeAt(id.length);
    if (operation === 0x60) return say(element(0x61, done));
    if (operation !== 0x63) return "";
    const found = entries.map((name) => say(element(0x64, `${element(4, name)}\x30\0`)));
    return `${found.join("")}${say(element(0x65, done))}`;
  };
  return {
    ...quiet,
    hear(bytes) {
      heard += bytes;
      let reply = "";
      for (let end = 0; heard.length >= 2; heard = heard.slice(end)) {
        end = 2 + heard.charCodeAt(1);
        if (heard.length < end) break;
        reply += answer(heard.slice(2, end));
      }
      return reply === "" ? undefined : { say: reply };
    },
  };
}

/** Accepts everybody; its answer is signed with the secret (RFC 2865, section 3). */
function radius({ secret = "" }: ServerSpec): Session {
  return {
    ...quiet,
    hear(request) {
      const head = `\x02${request.charAt(1)}\0\x14`;
      const signed = Buffer.from(head + request.slice(4, 20) + secret, "latin1");
      return { say: head + createHash("md5").update(signed).digest("binary") };
    },
  };
}

export function sessionOf(spec: ServerSpec): Session {
  switch (spec.kind) {
    case "http":
      return http(spec);
    case "raw":
      return raw(spec);
    case "ftp":
      return ftp(spec);
    case "dns":
      return dns(spec);
    case "ldap":
      return ldap(spec);
    case "radius":
      return radius(spec);
    case "udpraw":
      return { ...quiet, hear: () => (spec.reply === undefined ? undefined : { say: spec.reply }) };
    case "tarpit":
      return { ...quiet, hear: () => undefined };
  }
  throw new Error(`no virtual server of kind ${spec.kind}`);
}
