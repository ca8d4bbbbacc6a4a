/** nntp, simpletcp and ftp. */
import type { NegotiateSpec } from "../core/configured.js";
import {
  type Call,
  down,
  type Listener,
  LONGEST_ANSWER,
  type LocalEnd,
  reply,
  shortened,
  type Turn,
  up,
} from "./conversation.js";
import { compilePattern } from "./perl-pattern.js";

const callTo = (spec: NegotiateSpec, first: Turn): Call => ({
  host: spec.target.address,
  port: spec.target.port,
  transport: spec.transport,
  tls: undefined,
  begin: () => first,
});

/** Up when the first bytes begin with 2. */
export function nntpCall(spec: NegotiateSpec): Call {
  const greeting: Listener = ({ text, ended }) => {
    if (text === "") return ended ? down("closed without a greeting") : undefined;
    return text.startsWith("2")
      ? up(shortened(text.trimEnd()))
      : down(`greeted with "${shortened(text.trimEnd())}"`);
  };
  return callTo({ ...spec, transport: "tcp" }, { next: greeting });
}

/**
 * Says `request`, every `\n` in it as a newline, and ends; up when a line matches `receive`, or at any line without it.
 */
export function simpleTcpCall(spec: NegotiateSpec): Call {
  const pattern = spec.receive === undefined ? undefined : compilePattern(spec.receive);
  const failure =
    spec.receive === undefined ? "ended without a line" : `no line with "${shortened(spec.receive, 60)}"`;
  const listen: Listener = ({ text, ended }) => {
    const all = ended || text.length >= LONGEST_ANSWER;
    const lines = text.split("\n");
    const open = lines.pop()!; // split answers at least one
    const whole = all && open !== "" ? [...lines, open] : lines;
    if (whole.length === 0) return all ? down(failure) : undefined;
    if (pattern === undefined) return up(shortened(whole[0]!));
    // What did not match is not looked at again.
    const otherwise = all ? failure : listen;
    return {
      rest: all ? "" : open,
      next: { kind: "match", pattern, texts: whole, message: "a line matches", otherwise },
    };
  };
  const words = (spec.request ?? "").replaceAll("\\n", "\n");
  return callTo(spec, { say: words, finish: spec.transport === "tcp", next: listen });
}

/**
 * RFC 959, RFC 2428; in passive mode, and in active mode where the server refuses that.
 *
 * Up: with a request, its content matches `receive`, or without `receive` the transfer succeeds; without a request, the
 * login succeeds.
 */
export function ftpCall(spec: NegotiateSpec): Call {
  const { request } = spec;
  const path =
    request === undefined || request === "" || request === "/" ? undefined : request.replace(/^\/?/, "/");
  const quit = (message: string): Turn => ({ say: "QUIT\r\n", ...up(message) });
  const expect = (what: string, classes: readonly number[], then: (code: number, text: string) => Turn) =>
    reply((code, text) =>
      classes.includes(Math.floor(code / 100))
        ? then(code, text)
        : down(`${what} refused: ${code} ${shortened(text)}`),
    );
  const transfer = (port: number, name: string): Turn => ({
    openData: port,
    say: `RETR ${name}\r\n`,
    next: expect("RETR", [1], () => ({ next: content(spec, quit) })),
  });
  const active = (name: string): Turn => ({
    listenForData: (local) => ({
      say: `${portCommand(local)}\r\n`,
      next: expect("passive and active mode", [2], () => ({
        say: `RETR ${name}\r\n`,
        next: expect("RETR", [1], () => ({ next: content(spec, quit) })),
      })),
    }),
    next: () => undefined,
  });
  const passive = (name: string): Turn => ({
    say: "EPSV\r\n",
    next: reply((code, text) => {
      const port = /\(\|\|\|(\d+)\|\)/.exec(text)?.[1];
      if (code === 229 && port !== undefined) return transfer(Number(port), name);
      const old = reply((kind, answer) => (kind < 300 ? oldPassive(answer, name) : active(name)));
      return { say: "PASV\r\n", next: old };
    }),
  });
  const oldPassive = (answer: string, name: string): Turn => {
    const numbers = /(\d+),(\d+),(\d+),(\d+),(\d+),(\d+)/.exec(answer);
    // The address in it is not used: the data come from the real server that was asked.
    return numbers === null
      ? down("PASV without a port")
      : transfer(Number(numbers[5]) * 256 + Number(numbers[6]), name);
  };
  const changeDirectory = (name: string): Turn => ({
    say: "CWD /\r\n",
    next: reply(() => ({ say: "TYPE I\r\n", next: reply(() => passive(name)) })),
  });
  const loggedIn = (): Turn => (path === undefined ? quit("login taken") : changeDirectory(path));
  const login = spec.login === "" ? "anonymous" : spec.login;
  const user: Turn = {
    say: `USER ${login}\r\n`,
    next: expect("USER", [2, 3], (code) =>
      code < 300
        ? loggedIn()
        : { say: `PASS ${spec.password}\r\n`, secret: true, next: expect("login", [2, 3], loggedIn) },
    ),
  };
  return callTo({ ...spec, transport: "tcp" }, { next: expect("connection", [2], () => user) });
}

/** Where the server shall connect to. */
function portCommand(local: LocalEnd): string {
  const [address, port] = [local.address(), local.port()];
  if (address.includes(":")) return `EPRT |2|${address}|${port}|`;
  return `PORT ${address.replaceAll(".", ",")},${port >> 8},${port & 255}`;
}

function content(spec: NegotiateSpec, quit: (message: string) => Turn): Listener {
  return ({ data }) => {
    const all = data !== undefined && (data.ended || data.text.length >= LONGEST_ANSWER);
    if (!all) return undefined;
    if (spec.receive === undefined) return quit(`${data.text.length} bytes`);
    const pattern = compilePattern(spec.receive);
    const otherwise = `"${shortened(spec.receive, 60)}" is not in the ${data.text.length} bytes of the file`;
    return { next: { kind: "match", pattern, texts: [data.text], message: "the file matches", otherwise } };
  };
}
