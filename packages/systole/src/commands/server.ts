/** `systole server`: takes a real server out by hand, gives it another weight, or takes that back. */
import { userInfo } from "node:os";
import { setTimeout as pause } from "node:timers/promises";
import { type Command, ControlError, type Invocation, type Output, UsageError } from "@systole/daemon";
import { type Director, directors } from "../directors.js";
import { draining } from "../draining.js";
import { durationMs } from "../duration.js";

const ORDERS = ["drain", "ready", "maint", "weight"] as const;
type Order = (typeof ORDERS)[number];

/** What ldirectord's verb `server` answers. */
interface Obeyed {
  readonly servers: readonly { readonly service: string; readonly server: string }[];
  /** Changes that the kernel refused. */
  readonly problems: readonly string[];
  /** Why the order will not outlive the daemon. */
  readonly notKept?: string;
}

const ORDER_LIMIT_MS = 15_000;
const POLL_MS = 500;

export const serverCommand = (root: string): Command => ({
  name: "server",
  summary:
    "drain (no new connections), maint (out, checks unheard), weight N, ready (as configured); " +
    "kept across reload and restart; SERVER is an address or address:port, of SERVICE or of all",
  positionals: "drain|ready|maint|weight [N] [SERVICE] SERVER",
  arity: { from: 2, to: 4 },
  options: {
    why: { type: "string", value: "TEXT", help: "the reason, shown by status" },
    for: { type: "string", value: "TIME", help: "until the order ends by itself: 90s, 10m, 2h, 1d" },
    wait: { type: "boolean", short: "w", help: "drain: until its last connection has ended" },
    timeout: { type: "string", value: "TIME", help: "wait no longer than this, 10m unless told otherwise" },
  },
  run: (invocation) => runServer(root, invocation),
});

async function runServer(root: string, { positionals, options, out }: Invocation): Promise<number> {
  const { order, weight, service, server } = readWords(positionals);
  const forMs = time(options.for, "--for");
  const limitMs = time(options.timeout, "--timeout") ?? 10 * 60_000;
  if (options.wait === true && order !== "drain") throw new UsageError("--wait goes with drain");
  const args = {
    ...{ order, server, by: whoAmI() },
    ...(weight === undefined ? {} : { weight }),
    ...(service === undefined ? {} : { service }),
    ...(options.why === undefined ? {} : { why: options.why }),
    ...(forMs === undefined ? {} : { forMs }),
  };
  const obeyed = await tellAll(directors(root), args);
  for (const { answer } of obeyed) complain(answer, out);
  const servers = obeyed.flatMap(({ answer }) => answer.servers);
  if (!out.wantsJson) {
    const what = order === "weight" ? `weight ${weight}` : order;
    for (const each of servers) out.line(`${each.server} of ${each.service}: ${what}`);
  }
  const drained =
    options.wait !== true ||
    (await waitUntilDrained(
      obeyed.map(({ director }) => director),
      servers,
      limitMs,
      out,
    ));
  const refused = obeyed.flatMap(({ answer }) => answer.problems);
  if (out.wantsJson) out.json({ schemaVersion: 1, order, servers, refused, drained });
  return drained && refused.length === 0 ? 0 : 1;
}

function readWords(words: readonly string[]) {
  const order = ORDERS.find((each) => each === words[0]);
  if (order === undefined) throw new UsageError(`"${words[0]}" is none of ${ORDERS.join(", ")}`);
  const rest = words.slice(1);
  const weight = order === "weight" ? readWeight(rest.shift()) : undefined;
  if (rest.length < 1 || rest.length > 2)
    throw new UsageError(`${order}: name a real server, or a service and one`);
  return {
    order: order satisfies Order,
    weight,
    service: rest.length === 2 ? rest[0] : undefined,
    server: rest.at(-1)!,
  };
}

function readWeight(word: string | undefined): number {
  if (word === undefined || !/^\d{1,5}$/.test(word) || Number(word) > 65_535)
    throw new UsageError(`weight: "${word ?? ""}" is not a number from 0 to 65535`);
  return Number(word);
}

function time(value: Invocation["options"][string], option: string): number | undefined {
  if (value === undefined) return undefined;
  const ms = durationMs(String(value));
  if (ms === undefined)
    throw new UsageError(`${option}: "${String(value)}" is not a time; write 90s, 10m, 2h or 1d`);
  return ms;
}

/** The person behind sudo, if there is one. */
const whoAmI = (): string => process.env.SUDO_USER ?? userInfo().username;

interface Told {
  readonly director: Director;
  readonly answer: Obeyed;
}

/** @throws Error if no director knows the real server, or none runs here. */
async function tellAll(
  all: readonly Director[],
  args: Readonly<Record<string, unknown>>,
): Promise<readonly Told[]> {
  if (all.length === 0) throw new Error("no ldirectord runs here");
  const told: Told[] = [];
  const unknown: ControlError[] = [];
  for (const director of all) {
    try {
      const answer = await director.ask("server", args, { limitMs: ORDER_LIMIT_MS });
      told.push({ director, answer: answer as Obeyed }); // ldirectord's own answer, of this version
    } catch (error) {
      if (!(error instanceof ControlError) || error.code !== "no-such-server") throw error;
      unknown.push(error);
    }
  }
  if (told.length === 0) throw unknown[0]!; // there was at least one director
  return told;
}

function complain({ problems, notKept }: Obeyed, out: Output): void {
  for (const problem of problems) out.error(`systole: refused by the kernel, tried again: ${problem}`);
  if (notKept !== undefined) out.error(`systole: the order holds until ldirectord restarts only: ${notKept}`);
}

/** Tells whenever the number of connections has changed. */
async function waitUntilDrained(
  all: readonly Director[],
  servers: Obeyed["servers"],
  limitMs: number,
  out: Output,
): Promise<boolean> {
  let said = "";
  for (let left = limitMs; ; left -= POLL_MS) {
    const { open, text } = draining(await Promise.all(all.map((each) => each.status())), servers);
    if (text !== said && !out.wantsJson) out.line(text);
    said = text;
    if (open === 0) return true;
    if (left <= 0) {
      out.error(`systole: ${text} after the time that was given; still drained`);
      return false;
    }
    await pause(Math.min(POLL_MS, left));
  }
}
