/** Servers of the behaviour vectors, without sockets: what each kind says, as the runner of the vectors had them. */

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
    case "udpraw":
      return { ...quiet, hear: () => (spec.reply === undefined ? undefined : { say: spec.reply }) };
    case "tarpit":
      return { ...quiet, hear: () => undefined };
  }
  throw new Error(`no virtual server of kind ${spec.kind}`);
}
