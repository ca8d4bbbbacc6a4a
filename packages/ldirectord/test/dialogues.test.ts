/** Dialogues without sockets: what is said, byte for byte, and that no answer can break them. */
import { milliseconds } from "@systole/machine";
import { parseIp } from "@systole/wire";
import fc from "fast-check";
import { expect, test } from "vitest";
import { callFor } from "../src/checks/calls.js";
import type { Heard, Judgement, Listener, Turn } from "../src/checks/conversation.js";
import { tlsSettings } from "../src/config/ssl.js";
import type { DialogueService, DialogueSpec } from "../src/core/configured.js";

const spec = (more: Partial<DialogueSpec> = {}): DialogueSpec => ({
  type: "negotiate",
  service: "http",
  transport: "tcp",
  target: { address: parseIp("192.0.2.21")!, port: 80 },
  limit: milliseconds(2000),
  request: undefined,
  receive: undefined,
  virtualHost: undefined,
  method: "GET",
  login: "",
  password: "",
  database: "",
  secret: "",
  tls: tlsSettings({}, {}),
  redirects: true,
  ...more,
});

const RANDOM = "0123456789abcdef0123456789abcdef";
const LOCAL = { address: () => "192.0.2.1", port: () => 50_000 };

/** Plays the server's parts one by one; what the client said, and how it ended. */
function play(
  what: DialogueSpec,
  answers: readonly string[],
): { readonly said: readonly string[]; readonly end: string } {
  const said: string[] = [];
  const rest = [...answers];
  let turn: Turn = callFor(what).begin(LOCAL, () => RANDOM);
  let data: Heard["data"];
  for (let text = ""; ; ) {
    if (turn.rest !== undefined) text = turn.rest;
    if (turn.listenForData !== undefined) {
      turn = turn.listenForData({ address: () => "192.0.2.1", port: () => 40_000 });
      data = { text: "by the other way", ended: true };
    }
    if (turn.say !== undefined) said.push(turn.say);
    if (typeof turn.next !== "function") return { said, end: endOf(turn.next) };
    const listener: Listener = turn.next;
    if (turn.openData !== undefined) data = { text: "", ended: true };
    let answer: Turn | undefined;
    for (let ended = false; answer === undefined; ) {
      answer = listener({ text, ended, data });
      if (answer === undefined && ended) return { said, end: "silence" };
      if (answer === undefined && rest.length > 0) text += rest.shift();
      else ended = true;
    }
    turn = answer;
  }
}

const endOf = (judgement: Judgement): string =>
  judgement.kind === "down"
    ? `down: ${judgement.reason}`
    : judgement.kind === "call-again"
      ? `again: ${judgement.call.host}:${judgement.call.port}`
      : judgement.kind;

test("an http request, byte for byte: blanks escaped, escapes kept, Host without a port", () => {
  const { said } = play(spec({ request: "a b?c=d&e=%20f" }), []);
  expect(said).toEqual([
    "GET /a%20b?c=d&e=%20f HTTP/1.1\r\nHost: 192.0.2.21\r\nUser-Agent: Systole-ldirectord/0.1\r\nConnection: close\r\n\r\n",
  ]);
});

test("virtualhost is the Host header and the TLS name; a whole URL asks another place", () => {
  const https = callFor(spec({ service: "https", virtualHost: "www.example.test" }));
  expect([https.host, https.tls]).toEqual([
    "192.0.2.21",
    { serverName: "www.example.test", settings: tlsSettings({}, {}) },
  ]);
  const other = callFor(spec({ request: "http://192.0.2.25:8181/abs", virtualHost: "www.example.test" }));
  expect([other.host, other.port]).toEqual(["192.0.2.25", 8181]);
  expect(other.begin(LOCAL, () => RANDOM).say).toMatch(
    /^GET \/abs HTTP\/1\.1\r\nHost: www\.example\.test\r\n/,
  );
  const proxy = callFor(spec({ service: "http_proxy", request: "http://www.example.test/" }));
  expect([
    proxy.host,
    proxy
      .begin(LOCAL, () => RANDOM)
      .say!.split("\r\n")
      .slice(0, 2),
  ]).toEqual(["192.0.2.21", ["GET http://www.example.test/ HTTP/1.1", "Host: www.example.test"]]);
});

test.each([
  { name: "200", answers: ["HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nOK"], end: "up" },
  {
    name: "200 in pieces",
    answers: ["HTTP/1.1 2", "00 OK\r\nContent-Len", "gth: 2\r\n\r\nO", "K"],
    end: "up",
  },
  { name: "100 before 200", answers: ["HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 204 None\r\n\r\n"], end: "up" },
  {
    name: "chunked",
    answers: ["HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nO\r\n1\r\nK\r\n0\r\n\r\n"],
    end: "up",
    receive: "OK",
  },
  { name: "until the end", answers: ["HTTP/1.0 200 OK\r\n\r\nall is OK"], end: "up", receive: "OK" },
  { name: "503", answers: ["HTTP/1.1 503 Busy\r\n\r\n"], end: "down: HTTP 503 Busy on /" },
  { name: "304", answers: ["HTTP/1.1 304 Not Modified\r\n\r\n"], end: "down: HTTP 304 Not Modified on /" },
  { name: "no http", answers: ["SSH-2.0-OpenSSH\r\n"], end: 'down: no HTTP: "SSH-2.0-OpenSSH\\x0d\\x0a"' },
  { name: "nothing", answers: [], end: "down: closed without an answer" },
  {
    name: "a redirect",
    answers: ["HTTP/1.1 302 Found\r\nLocation: http://192.0.2.25:8181/final\r\n\r\n"],
    end: "again: 192.0.2.25:8181",
  },
  {
    name: "a relative redirect",
    answers: ["HTTP/1.1 301 Moved\r\nLocation: /there\r\n\r\n"],
    end: "again: 192.0.2.21:80",
  },
  {
    name: "a redirect that is not wanted",
    answers: ["HTTP/1.1 302 Found\r\nLocation: /x\r\n\r\n"],
    end: "down: HTTP 302 Found on /, a redirect to /x",
    redirects: false,
  },
])("http, $name", ({ answers, end, receive, redirects = true }) => {
  expect(play(spec({ receive, redirects }), answers).end).toBe(end);
});

test.each<{
  service: DialogueService;
  login?: string;
  answers: readonly string[];
  said: readonly string[];
  end: string;
}>([
  {
    service: "smtp",
    answers: ["220-mail\r\n220 ready\r\n", "500 what?\r\n", "250 hello\r\n"],
    said: ["EHLO localhost.localdomain\r\n", "HELO localhost.localdomain\r\n", "QUIT\r\n"],
    end: "up",
  },
  { service: "smtp", answers: ["554 go away\r\n"], said: [], end: "down: greeted with 554 go away" },
  { service: "pop", answers: ["+OK hi\r\n"], said: ["QUIT\r\n"], end: "up" },
  { service: "pop", answers: ["-ERR busy\r\n"], said: [], end: 'down: banner: "-ERR busy"' },
  {
    service: "pop",
    login: "bob",
    answers: ["+OK <1896.697170952@dbc.mtview.ca.us>\r\n", "+OK\r\n", "+OK 0 0\r\n"],
    // The digest of RFC 1939, section 7, with the password "tanstaaf".
    said: ["APOP bob c4c9334bac560ecc979e58001b3e22fb\r\n", "STAT\r\n", "QUIT\r\n"],
    end: "up",
  },
  { service: "imap", answers: ["* OK hi\r\n"], said: ["0 LOGOUT\r\n"], end: "up" },
  {
    service: "imap",
    login: "bob",
    answers: ["* OK hi\r\n", "* CAPABILITY IMAP4\r\n0 OK in\r\n"],
    said: ['0 LOGIN bob "tanstaaf"\r\n', "1 LOGOUT\r\n"],
    end: "up",
  },
  { service: "nntp", answers: ["400 busy\r\n"], said: [], end: 'down: greeted with "400 busy"' },
  {
    service: "sip",
    login: "x@y",
    answers: ["SIP/2.0 404 Not Found\r\n\r\n"],
    said: [expect.stringMatching(/^OPTIONS sip:x@y SIP\/2\.0\r\nVia: SIP\/2\.0\/TCP 192\.0\.2\.1:50000;/)],
    end: 'down: answered "SIP/2.0 404 Not Found"',
  },
])("$service: $end", ({ service, login = "", answers, said, end }) => {
  expect(play(spec({ service, login, password: login === "" ? "" : "tanstaaf" }), answers)).toEqual({
    said,
    end,
  });
});

test("simpletcp says exactly what was written, with its newlines", () => {
  const { said } = play(spec({ service: "simpletcp", request: "/PING\\nQUIT\\n" }), []);
  expect(said).toEqual(["/PING\nQUIT\n"]);
});

test("a dns question for a name and for an address, byte for byte", () => {
  const ask = (request: string) =>
    callFor(spec({ service: "dns", transport: "udp", request })).begin(LOCAL, () => RANDOM).say;
  expect(ask("a.test")).toBe(
    "\x01\x23\x01\x00\x00\x01\x00\x00\x00\x00\x00\x00\x01a\x04test\x00\x00\x01\x00\x01",
  );
  expect(ask("192.0.2.1")).toBe(
    "\x01\x23\x01\x00\x00\x01\x00\x00\x00\x00\x00\x00\x011\x012\x010\x03192\x07in-addr\x04arpa\x00\x00\x0c\x00\x01",
  );
});

const FTP_LOGIN = ["220 \r\n", "331 \r\n", "230 \r\n", "250 \r\n", "200 \r\n"];
const FTP_SAID = ["USER anonymous\r\n", "PASS p\r\n", "CWD /\r\n", "TYPE I\r\n", "EPSV\r\n"];
test.each([
  { name: "EPSV", answers: ["229 (|||40000|)\r\n"], said: [] },
  { name: "PASV", answers: ["500 \r\n", "227 (192,0,2,21,156,64)\r\n"], said: ["PASV\r\n"] },
  {
    name: "PORT",
    answers: ["500 \r\n", "550 \r\n", "200 \r\n"],
    said: ["PASV\r\n", "PORT 192,0,2,1,156,64\r\n"],
  },
])("ftp by $name, the first of the three that the server knows", ({ answers, said }) => {
  const what = spec({ service: "ftp", password: "p", request: "a" });
  expect(play(what, [...FTP_LOGIN, ...answers, "150 \r\n"])).toEqual({
    said: [...FTP_SAID, ...said, "RETR /a\r\n", "QUIT\r\n"],
    end: "up",
  });
});

test("ftp: a server that knows neither of the three is down", () => {
  const what = spec({ service: "ftp", password: "p", request: "a" });
  const { end } = play(what, [...FTP_LOGIN, "500 \r\n", "500 \r\n", "501 no\r\n"]);
  expect(end).toBe("down: passive and active mode refused: 501 no");
});

test("whatever a server says, a dialogue ends in a verdict or waits; it never throws", () => {
  const services: readonly DialogueService[] = [
    "http",
    "smtp",
    "pop",
    "imap",
    "ftp",
    "nntp",
    "simpletcp",
    "dns",
    "sip",
  ];
  const line = fc.constantFrom(
    "220 x\r\n",
    "+OK\r\n",
    "* OK\r\n",
    "0 OK\r\n",
    "331 \r\n",
    "229 (|||9|)\r\n",
    "HTTP/1.1 200 OK\r\n",
    "Transfer-Encoding: chunked\r\n",
    "\r\n",
    "ff\r\n",
    "Location: http://[\r\n",
  );
  const noise = fc.uint8Array({ maxLength: 40 }).map((bytes) => String.fromCharCode(...bytes));
  fc.assert(
    fc.property(
      fc.constantFrom(...services),
      fc.array(fc.oneof(line, noise), { maxLength: 6 }),
      fc.boolean(),
      (service, answers, withLogin) => {
        const what = spec({
          service,
          receive: "x+",
          request: "a",
          login: withLogin ? "u" : "",
          password: "p",
        });
        expect(play(what, answers).end).not.toBe("");
      },
    ),
    { numRuns: 2000 },
  );
});
