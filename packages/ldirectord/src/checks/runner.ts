/**
 * Does checks: sockets, a limit over each whole check, a cap on checks in flight.
 *
 * Every check that is started is answered exactly once, unless it is called off before. One that this machine could not
 * do, for want of descriptors or memory, says nothing about the server: it waits and is tried again.
 */
import { randomBytes } from "node:crypto";
import { type Clock, type Instant, type Millis, milliseconds, plus, seconds } from "@systole/machine";
import { formatEndpoint } from "@systole/wire";
import type { CheckResult, CheckSpec, DialogueSpec } from "../core/configured.js";
import { type AwakeTimer, createAwakeTimer } from "./awake.js";
import { callFor } from "./calls.js";
import { holdClient, isClientSpec } from "./client.js";
import { createConnectionDoor, type ListenForOne, listenForOne, type OpenConnection } from "./connection.js";
import { type Call, down, up } from "./conversation.js";
import { type Dialogue, holdDialogue, type Outcome } from "./dialogue.js";
import { runExternal } from "./external.js";
import { createMatcher, type Matcher } from "./matcher.js";
import { createPatience, type Patience } from "./patience.js";
import { createPinger, type Pinger } from "./ping.js";
import { createTlsContexts, type TlsContexts } from "./tls.js";
import { startTranscript, type Transcript } from "./transcript.js";

export interface CheckRunner {
  /** Answers how to call it off: then nothing is answered. */
  run(spec: CheckSpec, finish: (result: CheckResult) => void): () => void;
  close(): Promise<void>;
}

/** In flight at most; more wait for their turn, and their time limit starts with it. */
const MOST_IN_FLIGHT = 8192;
const MOST_EXTERNAL = 16;
/**
 * At the start all checks are due at once, and a thousand packets in one burst are more than a receive queue of Linux
 * has room for (net.core.netdev_max_backlog): so many begin in so much time.
 */
const BURST = 100;
const BURST_TIME = milliseconds(10);
/** Before a check that this machine could not do is tried again. */
const BREATH = seconds(0.5);

/** What a runner works with; a test hands in others. */
export interface Doors {
  readonly open: OpenConnection;
  readonly listen: ListenForOne;
  readonly matcher: Matcher;
  readonly pinger: Pinger;
  readonly external: typeof runExternal;
  /** Milliseconds since 1970, for certificates. */
  readonly wallClock: () => number;
  /** Loads a package that need not be installed. */
  readonly load: (name: string) => Promise<unknown>;
  /** Hears why this machine cannot check; often, while it cannot. */
  readonly complain: (problem: string) => void;
}

type Conversation = DialogueSpec | Extract<CheckSpec, { type: "connect" }>;

export function createCheckRunner(clock: Clock, doors: Partial<Doors> = {}): CheckRunner {
  const { external = runExternal, wallClock = () => 0, load = (name) => import(name) } = doors;
  const contexts: TlsContexts = createTlsContexts(() => clock.now(), wallClock);
  const door = createConnectionDoor(contexts);
  const { open = door.open } = doors;
  const { listen = listenForOne } = doors;
  const awake: AwakeTimer = createAwakeTimer(clock);
  const patience: Patience = createPatience(clock);
  const matcher = doors.matcher ?? createMatcher(awake);
  const pinger = doors.pinger ?? createPinger(clock, patience);
  const random = () => randomBytes(17).toString("hex");
  /** What a check says is worked out once, not once a second. */
  const calls = new WeakMap<CheckSpec, Call>();
  const lanes = { external: lane(MOST_EXTERNAL, clock), other: lane(MOST_IN_FLIGHT, clock) };

  /** Starts one check; answers how to stop it. */
  function start(spec: CheckSpec, transcript: Transcript, finish: (outcome: Outcome) => void): () => void {
    switch (spec.type) {
      case "impossible":
        finish({ up: false, reason: spec.reason });
        return () => {};
      case "ping":
        return pinger.ping(spec.address, spec.tries, spec.limit, finish);
      case "external":
        return external(spec.command, spec.args, spec.limit, { clock, awake }, finish);
      case "connect":
        return converse(spec, transcript, finish);
      case "negotiate":
        return isClientSpec(spec)
          ? limited(spec.limit, byTimeAwake, finish, (end) =>
              holdClient(spec, { contexts, matcher, load }, end),
            )
          : converse(spec, transcript, finish);
    }
  }

  function converse(spec: Conversation, transcript: Transcript, finish: (outcome: Outcome) => void) {
    const parts = { open, listen, matcher, clock, transcript, random };
    return limited(spec.limit, patience.after, finish, (end, heard) =>
      holdDialogue(callOf(spec), { ...parts, heard }, end),
    );
  }

  function callOf(spec: Conversation): Call {
    const known = calls.get(spec);
    if (known !== undefined) return known;
    const call = spec.type === "connect" ? connectCall(spec) : callFor(spec);
    calls.set(spec, call);
    return call;
  }

  /** A library works in this process, and what it hears meanwhile is its own. */
  const byTimeAwake: Patience["after"] = (limit, run) => ({ heard() {}, callOff: awake.after(limit, run) });

  function limited(
    length: Millis,
    after: Patience["after"],
    finish: (outcome: Outcome) => void,
    begin: (end: (outcome: Outcome) => void, heard: () => void) => Dialogue,
  ): () => void {
    const dialogue = begin(
      (outcome) => {
        limit.callOff();
        finish(outcome);
      },
      () => limit.heard(),
    );
    const limit = after(length, () => {
      dialogue.close();
      finish({ up: false, reason: `${dialogue.stage()} within ${length / 1000} s` });
    });
    return () => {
      limit.callOff();
      dialogue.close();
    };
  }

  return {
    run(spec, finish) {
      let stop = () => {};
      const leave = lanes[spec.type === "external" ? "external" : "other"]((done) => {
        const attempt = () => {
          const transcript = startTranscript();
          const started = clock.now();
          stop = start(spec, transcript, (outcome) => {
            if (!outcome.up && outcome.ours === true) {
              doors.complain?.(outcome.reason);
              stop = clock.at(plus(clock.now(), BREATH), attempt);
              return;
            }
            done();
            finish(resultOf(outcome, started, clock.now(), transcript));
          });
        };
        attempt();
      });
      return () => {
        leave();
        stop();
      };
    },
    async close() {
      pinger.close();
      door.close();
      await matcher.close();
    },
  };
}

const connectCall = ({ target }: Extract<Conversation, { type: "connect" }>): Call => ({
  host: target.address,
  port: target.port,
  transport: "tcp",
  tls: undefined,
  begin: () =>
    target.port > 0 ? up(`${formatEndpoint(target)} took the connection`) : down("there is no port 0"),
});

function resultOf(outcome: Outcome, started: Instant, now: Instant, transcript: Transcript): CheckResult {
  const tookMs = Math.round((now - started) * 10) / 10;
  if (outcome.up) return { ...outcome, tookMs };
  const said = transcript.text();
  return { ...outcome, tookMs, ...(said === undefined ? {} : { transcript: said }) };
}

/**
 * So many at once, the others in the order they came. Each starter gets a function to call when its work is done; the
 * answer takes the work out of the line, or frees its place.
 */
function lane(most: number, clock: Clock) {
  const waiting = new Set<() => void>();
  let running = 0;
  let burst = { until: clock.now(), begun: 0 };
  let armed = false;

  function mayBegin(): boolean {
    const now = clock.now();
    if (now >= burst.until) burst = { until: plus(now, BURST_TIME), begun: 0 };
    return running < most && burst.begun < BURST;
  }

  function beginNext(): void {
    for (const begin of waiting) {
      if (!mayBegin()) break;
      waiting.delete(begin);
      begin();
    }
    if (armed || waiting.size === 0 || running >= most) return;
    armed = true;
    clock.at(burst.until, () => {
      armed = false;
      beginNext();
    });
  }

  return (work: (done: () => void) => void): (() => void) => {
    let state: "waiting" | "running" | "done" = "waiting";
    const done = () => {
      waiting.delete(begin);
      if (state === "running") {
        running -= 1;
        if (waiting.size > 0) beginNext();
      }
      state = "done";
    };
    const begin = () => {
      state = "running";
      running += 1;
      burst.begun += 1;
      work(done);
    };
    waiting.add(begin);
    beginNext();
    return done;
  };
}
