/**
 * http, https, http_proxy: one request, one answer, its body as it came.
 *
 * Up: a final status 2xx and, if something is expected, the expression found in the body. Redirects are followed, at
 * most 7, wherever they lead (as the original does; `httpredirects=no` makes a redirect a failure).
 */
import { type Endpoint, isIpv6 } from "@systole/wire";
import type { NegotiateSpec } from "../core/configured.js";
import {
  type Call,
  down,
  type Heard,
  type Listener,
  LONGEST_ANSWER,
  shortened,
  type Turn,
  up,
} from "./conversation.js";
import { compilePattern } from "./perl-pattern.js";

const MOST_REDIRECTS = 7;
export const USER_AGENT = "Systole-ldirectord/0.1";

/** Where a request goes: the connection, and the words in it. */
interface Request {
  readonly host: string;
  readonly port: number;
  readonly tls: boolean;
  readonly serverName: string | undefined;
  /** Path and query, or the whole URL for a proxy. */
  readonly target: string;
  readonly hostHeader: string;
}

const inUrl = ({ address }: Pick<Endpoint, "address">): string =>
  isIpv6(address) ? `[${address}]` : address;

export function httpCall(spec: NegotiateSpec): Call {
  const tls = spec.service === "https";
  const written = spec.request ?? "/";
  const scheme = tls ? "https" : "http";
  const whole = written.includes(`${scheme}://`) ? written.slice(written.indexOf(`${scheme}://`)) : undefined;
  const url = whole === undefined ? undefined : parseUrl(whole);
  const { address, port } = spec.target;
  if (spec.service === "http_proxy") {
    const target = whole === undefined ? escapePath(written) : escapeUrl(whole);
    const hostHeader = url?.hostHeader ?? inUrl(spec.target);
    return callFor(spec, { host: address, port, tls: false, serverName: undefined, target, hostHeader }, 0);
  }
  const place = url ?? {
    host: address,
    port,
    tls,
    hostHeader: inUrl(spec.target),
    target: escapePath(written),
  };
  const hostHeader = spec.virtualHost ?? place.hostHeader;
  return callFor(
    spec,
    { ...place, hostHeader, serverName: spec.tls.serverName ?? nameOf(spec.virtualHost) ?? place.host },
    0,
  );
}

/** A Host header may have a port; a name does not. */
const nameOf = (host: string | undefined): string | undefined => host?.replace(/:\d+$/, "");

function callFor(spec: NegotiateSpec, request: Request, hops: number): Call {
  const { host, port, tls, serverName, target, hostHeader } = request;
  const words = [
    `${spec.method} ${target} HTTP/1.1`,
    `Host: ${hostHeader}`,
    `User-Agent: ${USER_AGENT}`,
    "Connection: close",
    "",
    "",
  ];
  return {
    host,
    port,
    transport: "tcp",
    tls: tls ? { serverName, settings: spec.tls } : undefined,
    begin: () => ({ say: words.join("\r\n"), next: answer(spec, request, hops) }),
  };
}

/** The head of the answer; answers 1xx are skipped. */
function answer(spec: NegotiateSpec, request: Request, hops: number): Listener {
  return ({ text, ended }) => {
    const end = /\r?\n\r?\n/.exec(text);
    if (end === null) {
      if (text !== "" && !"HTTP/".startsWith(text.slice(0, 5)))
        return down(`no HTTP: "${shortened(text, 40)}"`);
      if (text.length >= LONGEST_ANSWER) return down("the head of the answer does not end");
      return ended
        ? down(text === "" ? "closed without an answer" : "the answer breaks off in its head")
        : undefined;
    }
    const [first = "", ...lines] = text.slice(0, end.index).split(/\r?\n/);
    const status = /^HTTP\/\d\.\d (\d{3})(?: (.*))?$/.exec(first);
    if (status === null) return down(`no HTTP: "${shortened(first, 40)}"`);
    const code = Number(status[1]);
    const rest = text.slice(end.index + end[0].length);
    if (code < 200) return { rest, next: answer(spec, request, hops) };
    const headers = readHeaders(lines);
    const what = `HTTP ${code}${status[2] ? ` ${shortened(status[2], 40)}` : ""} on ${shortened(request.target)}`;
    const location = headers.get("location");
    if ([301, 302, 303, 307, 308].includes(code) && location !== undefined) {
      return redirected(spec, request, hops, location, what);
    }
    if (code > 299) return down(what);
    return { rest, next: body(spec, what, bodyReader(spec, code, headers)) };
  };
}

function readHeaders(lines: readonly string[]): ReadonlyMap<string, string> {
  const pairs = lines.flatMap((text): [string, string][] => {
    const parts = /^([^:\s]+):[ \t]*(.*?)[ \t]*$/.exec(text);
    return parts === null ? [] : [[parts[1]!.toLowerCase(), parts[2]!]];
  });
  return new Map(pairs.reverse()); // the first of two alike wins
}

function redirected(spec: NegotiateSpec, from: Request, hops: number, location: string, what: string): Turn {
  if (!spec.redirects) return down(`${what}, a redirect to ${shortened(location)}`);
  if (hops >= MOST_REDIRECTS) return down(`more than ${MOST_REDIRECTS} redirects`);
  const host = from.host.includes(":") ? `[${from.host}]` : from.host;
  const base = `${from.tls ? "https" : "http"}://${host}:${from.port}${from.target}`;
  const next = parseUrl(location, URL.canParse(base) ? base : undefined);
  if (next === undefined) return down(`${what}, a redirect to "${shortened(location)}", which is no URL`);
  // A redirect within the same server keeps the name that was asked for.
  const same = next.host === from.host && next.port === from.port;
  const hostHeader = same ? from.hostHeader : next.hostHeader;
  const request = { ...next, hostHeader, serverName: same ? from.serverName : next.host };
  return { next: { kind: "call-again", call: callFor(spec, request, hops + 1) } };
}

/** What there is of a body, and whether it is all. */
type BodyReader = (heard: Heard) => { readonly body: string; readonly complete: boolean };

function bodyReader(spec: NegotiateSpec, code: number, headers: ReadonlyMap<string, string>): BodyReader {
  const length = headers.get("content-length");
  if (spec.method === "HEAD" || code === 204) return () => ({ body: "", complete: true });
  if (/\bchunked\b/i.test(headers.get("transfer-encoding") ?? "")) return ({ text }) => dechunk(text);
  if (length !== undefined && /^\d+$/.test(length)) {
    const size = Number(length);
    return ({ text }) => ({ body: text.slice(0, size), complete: text.length >= size });
  }
  return ({ text }) => ({ body: text, complete: false });
}

function body(spec: NegotiateSpec, what: string, read: BodyReader): Listener {
  const pattern = spec.receive === undefined ? undefined : compilePattern(spec.receive);
  return (heard) => {
    const { body: text, complete } = read(heard);
    const early = pattern?.kind === "plain" && text.includes(pattern.text);
    if (early) return up(what);
    if (!complete && !heard.ended && heard.text.length < LONGEST_ANSWER) return undefined;
    if (pattern === undefined) return up(what);
    const wanted = shortened(spec.receive ?? "", 60);
    const otherwise = `${what}, but "${wanted}" is not in the ${text.length} bytes of the body`;
    return {
      next: { kind: "match", pattern, texts: [text.slice(0, LONGEST_ANSWER)], message: what, otherwise },
    };
  };
}

/** RFC 9112, 7.1. What cannot be read ends the body. */
function dechunk(text: string): { readonly body: string; readonly complete: boolean } {
  let out = "";
  for (let at = 0; ; ) {
    const size = /^([0-9a-f]{1,8})[^\n]*\n/i.exec(text.slice(at, at + 256));
    if (size === null) return { body: out, complete: text.length - at >= 256 };
    const length = Number.parseInt(size[1]!, 16);
    at += size[0].length;
    if (length === 0) return { body: out, complete: true };
    out += text.slice(at, at + length);
    at += length;
    if (at > text.length) return { body: out, complete: false };
    at += text.startsWith("\r\n", at) ? 2 : 1;
  }
}

function parseUrl(text: string, base?: string): Omit<Request, "serverName"> | undefined {
  if (!URL.canParse(text, base)) return undefined;
  const url = new URL(text, base);
  if (url.protocol !== "http:" && url.protocol !== "https:") return undefined;
  const tls = url.protocol === "https:";
  return {
    host: url.hostname.replace(/^\[(.*)\]$/, "$1"),
    port: url.port === "" ? (tls ? 443 : 80) : Number(url.port),
    tls,
    target: `${url.pathname}${url.search}`,
    hostHeader: url.host,
  };
}

/** Blanks and whatever else may not stand in a URL are percent-encoded; what is encoded stays. */
const escapeUrl = (text: string): string =>
  text.replaceAll(/[^A-Za-z0-9\-_.!~*'();/?:@&=+$,[\]%#]/gu, (character) =>
    [...new TextEncoder().encode(character)]
      .map((byte) => `%${byte.toString(16).toUpperCase().padStart(2, "0")}`)
      .join(""),
  );

const escapePath = (text: string): string => escapeUrl(text.startsWith("/") ? text : `/${text}`);
