/**
 * Searches an expression in a text without ever stalling the daemon.
 *
 * Plain text is searched at once; everything else in a worker thread that is ended when it takes too long, because
 * `^(a+)+$` on a hostile page would take for ever (measured in docs: doubling with every character).
 */
import { Worker } from "node:worker_threads";
import { type Clock, milliseconds, plus } from "@systole/machine";
import type { Pattern } from "./perl-pattern.js";

export interface Matcher {
  /** Whether one of the texts has it; "timeout" after one second of search. */
  search(pattern: Pattern, texts: readonly string[]): Promise<boolean | "timeout">;
  close(): Promise<void>;
}

interface Job {
  readonly source: string;
  readonly texts: readonly string[];
  readonly done: (found: boolean | "timeout") => void;
}

/** Runs in the worker: expressions are compiled once, the last hundred of them. */
const PROGRAM = `
const { parentPort } = require("node:worker_threads");
const compiled = new Map();
parentPort.on("message", ({ source, texts }) => {
  let expression = compiled.get(source);
  if (expression === undefined) {
    if (compiled.size >= 100) compiled.clear();
    compiled.set(source, (expression = new RegExp(source)));
  }
  parentPort.postMessage(texts.some((text) => expression.test(text)));
});`;

const LIMIT = milliseconds(1000);
const MOST_WORKERS = 2;
/** Searches that wait; checks in flight are bounded, so this is only a last wall. */
const MOST_WAITING = 4096;

export function createMatcher(clock: Clock): Matcher {
  const waiting: Job[] = [];
  const idle: Worker[] = [];
  const busy = new Set<Worker>();
  let closed = false;

  function next(): void {
    if (closed || waiting.length === 0) return;
    const worker = idle.pop() ?? (busy.size < MOST_WORKERS ? new Worker(PROGRAM, { eval: true }) : undefined);
    if (worker === undefined) return;
    run(worker, waiting.shift()!); // not empty, as asked above
  }

  function run(worker: Worker, { source, texts, done }: Job): void {
    busy.add(worker);
    worker.ref();
    const finish = (found: boolean | "timeout", keep: boolean) => {
      callOff();
      worker.removeAllListeners();
      busy.delete(worker);
      if (keep && !closed) {
        worker.unref();
        idle.push(worker);
      } else void worker.terminate();
      done(found);
      next();
    };
    const callOff = clock.at(plus(clock.now(), LIMIT), () => finish("timeout", false));
    worker.once("message", (found) => finish(found === true, true));
    worker.once("error", () => finish(false, false));
    worker.postMessage({ source, texts });
  }

  return {
    search(pattern, texts) {
      if (pattern.kind === "plain") return Promise.resolve(texts.some((text) => text.includes(pattern.text)));
      if (closed || waiting.length >= MOST_WAITING) return Promise.resolve("timeout");
      return new Promise((done) => {
        waiting.push({ source: pattern.source, texts, done });
        next();
      });
    },
    async close() {
      closed = true;
      for (const { done } of waiting.splice(0)) done("timeout");
      await Promise.all([...idle, ...busy].map((worker) => worker.terminate()));
    },
  };
}
