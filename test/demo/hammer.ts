/**
 * The client: asks the VIP again and again on new connections, and keeps some connections open all the time.
 * Arguments: address, port, milliseconds between questions, number of connections that stay open.
 *
 * Reads words from stdin, one a line: `streams` opens the connections that stay; `window` begins to count anew; `report`
 * answers with one line of JSON: see HammerReport. Outages are told when they begin and when they end.
 */
import { Agent, get, type IncomingMessage } from "node:http";

export interface HammerReport {
  readonly asked: number;
  readonly answered: number;
  readonly errors: number;
  /** Milliseconds from the start of the window to the start of the last question that failed; undefined if none did. */
  readonly lastErrorMs?: number;
  /** From the last question that was answered to the next one that was. */
  readonly longestOutageMs: number;
  readonly servers: Readonly<Record<string, number>>;
  readonly streams: { readonly open: number; readonly broken: number; readonly answeredInWindow: number };
  readonly problems: readonly string[];
}

export type HammerLine =
  | { readonly report: HammerReport }
  | { readonly outage: "began" | "ended"; readonly ms: number };

const [address = "", port = "80", everyText = "20", streamsText = "10"] = process.argv.slice(2);
const everyMs = Number(everyText);
const limitMs = everyMs * 25; // 500 ms on this machine, longer in the emulated guest
const ALIVE = "I'm alive!";

interface Window {
  readonly start: number;
  asked: number;
  answered: number;
  errors: number;
  lastError: number | undefined;
  longestOutage: number;
  servers: Record<string, number>;
  streamsAnswered: Set<number>;
  problems: Set<string>;
}

const now = () => performance.now();
const fresh = (): Window => ({
  ...{ start: now(), asked: 0, answered: 0, errors: 0, lastError: undefined, longestOutage: 0 },
  servers: {},
  streamsAnswered: new Set(),
  problems: new Set(),
});
let window = fresh();
let lastGood = now();
let inOutage = false;
const brokenStreams = new Set<number>();

const tell = (line: HammerLine) => process.stdout.write(`${JSON.stringify(line)}\n`);

/** A good answer to a question asked at `asked`. Answers may overtake each other; questions count in their order. */
function good(asked: number, server: string): void {
  window.servers[server] = (window.servers[server] ?? 0) + 1;
  if (asked < lastGood) return;
  const gap = asked - lastGood;
  if (gap > everyMs * 3) window.longestOutage = Math.max(window.longestOutage, gap);
  if (inOutage) tell({ outage: "ended", ms: Math.round(gap) });
  inOutage = false;
  lastGood = asked;
}

/** Each question from a port of its own, none used twice: nobody's memory of an old connection helps a new one. */
const firstPort = 20_000;
let nextPort = firstPort;

/** One question on a connection of its own. */
function ask(): void {
  const asked = now();
  const localPort = nextPort++;
  if (nextPort === 65_000) nextPort = firstPort;
  const mine = window;
  mine.asked++;
  let done = false;
  const finish = (problem: string | undefined, server = "") => {
    if (done) return;
    done = true;
    if (problem === undefined) {
      mine.answered++;
      good(asked, server);
      return;
    }
    mine.errors++;
    mine.lastError = asked;
    if (mine.problems.size < 5) mine.problems.add(problem);
  };
  const request = get(
    {
      host: address,
      port,
      path: "/alive.html",
      agent: false,
      localPort,
      timeout: limitMs,
      headers: { Connection: "close" },
    },
    (response) => {
      body(response, (text) => {
        const server = String(response.headers["x-server"]);
        finish(text.includes(ALIVE) ? undefined : `${server} answered without "${ALIVE}"`, server);
      });
    },
  );
  request.on("error", (error: NodeJS.ErrnoException) => finish(error.code ?? error.message));
  const limit = setTimeout(() => {
    finish("no answer in time");
    request.destroy();
  }, limitMs);
  request.on("close", () => clearTimeout(limit));
}

function body(response: IncomingMessage, take: (text: string) => void): void {
  let text = "";
  response.setEncoding("utf8");
  response.on("data", (chunk: string) => {
    text += chunk;
  });
  response.on("end", () => take(text));
}

/** One connection that stays open: question, answer, pause, for ever. It is broken when it ends or opens anew. */
function stream(number: number): void {
  const agent = new Agent({ keepAlive: true, maxSockets: 1 });
  let local: number | undefined;
  const broken = (why: string) => {
    brokenStreams.add(number);
    window.problems.add(`connection ${number}: ${why}`);
  };
  const next = () => {
    if (brokenStreams.has(number)) return;
    const request = get({ host: address, port, path: "/", agent }, (response) => {
      body(response, () => {
        window.streamsAnswered.add(number);
        setTimeout(next, Math.max(200, everyMs));
      });
    });
    request.on("socket", (socket) => {
      const check = () => {
        local ??= socket.localPort;
        if (socket.localPort !== local) broken("was opened anew");
      };
      if (socket.connecting) socket.once("connect", check);
      else check();
    });
    request.on("error", (error) => broken(error.message));
  };
  next();
}

function report(): HammerReport {
  const open = lastGood;
  const gap = now() - open;
  return {
    asked: window.asked,
    answered: window.answered,
    errors: window.errors,
    ...(window.lastError === undefined ? {} : { lastErrorMs: Math.round(window.lastError - window.start) }),
    longestOutageMs: Math.round(gap > limitMs ? Math.max(gap, window.longestOutage) : window.longestOutage),
    servers: window.servers,
    streams: {
      open: Number(streamsText) - brokenStreams.size,
      broken: brokenStreams.size,
      answeredInWindow: [...window.streamsAnswered].filter((number) => !brokenStreams.has(number)).length,
    },
    problems: [...window.problems],
  };
}

process.stdin.setEncoding("utf8");
process.stdin.on("data", (text: string) => {
  for (const word of text.split("\n")) {
    if (word === "window") window = fresh();
    if (word === "report") tell({ report: report() });
    if (word === "streams") for (let number = 0; number < Number(streamsText); number++) stream(number);
  }
});
process.stdin.on("end", () => process.exit(0));
setInterval(ask, everyMs);
setInterval(() => {
  const gap = now() - lastGood;
  if (inOutage || gap < limitMs) return;
  inOutage = true;
  tell({ outage: "began", ms: Math.round(gap) });
}, 50);
