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

/** A thread that answers one job at a time. */
interface Searcher {
  readonly worker: Worker;
  /** Of the job it has: the answer, or undefined when the thread failed. */
  answer: (found: boolean | undefined) => void;
}

function startSearcher(): Searcher {
  const worker = new Worker(PROGRAM, { eval: true });
  const searcher: Searcher = { worker, answer: () => {} };
  worker.on("message", (found) => searcher.answer(found === true));
  worker.on("error", () => searcher.answer(undefined));
  return searcher;
}

export function createMatcher(clock: Clock): Matcher {
  const waiting: Job[] = [];
  const idle: Searcher[] = [];
  const busy = new Set<Searcher>();
  let closed = false;

  function next(): void {
    if (closed || waiting.length === 0) return;
    const searcher = idle.pop() ?? (busy.size < MOST_WORKERS ? startSearcher() : undefined);
    if (searcher === undefined) return;
    run(searcher, waiting.shift()!); // not empty, as asked above
  }

  function run(searcher: Searcher, { source, texts, done }: Job): void {
    const { worker } = searcher;
    busy.add(searcher);
    worker.ref();
    const finish = (found: boolean | "timeout" | undefined) => {
      callOff();
      searcher.answer = () => {};
      busy.delete(searcher);
      if (typeof found === "boolean" && !closed) {
        worker.unref(); // an idle thread does not keep the process
        idle.push(searcher);
      } else void worker.terminate();
      done(found ?? false);
      next();
    };
    searcher.answer = finish;
    const callOff = clock.at(plus(clock.now(), LIMIT), () => finish("timeout"));
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
      await Promise.all([...idle, ...busy].map(({ worker }) => worker.terminate()));
    },
  };
}
