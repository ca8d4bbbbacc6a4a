/**
 * Searches an expression in a text without ever stalling the daemon.
 *
 * Plain text, and expressions in which nothing repeats, are searched at once; everything else in a worker thread that
 * is ended when it takes too long, because `^(a+)+$` on a hostile page would take for ever (measured: doubling with
 * every character). The limit begins when the thread runs, and counts only time in which we could have heard it.
 */
import { Worker } from "node:worker_threads";
import { milliseconds } from "@systole/machine";
import type { AwakeTimer } from "./awake.js";
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
parentPort.postMessage("ready");
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
const MOST_COMPILED = 1000;
/** Searches that wait; checks in flight are bounded, so this is only a last wall. */
const MOST_WAITING = 4096;

/** A thread that answers one job at a time. */
interface Searcher {
  readonly worker: Worker;
  /** Of the job it has: the answer, or undefined when the thread failed. */
  answer: (found: boolean | undefined) => void;
  /** The thread runs; until then `began` is called when it does. */
  ready: boolean;
  began: () => void;
}

function startSearcher(): Searcher {
  const worker = new Worker(PROGRAM, { eval: true });
  const searcher: Searcher = { worker, answer: () => {}, ready: false, began: () => {} };
  worker.on("message", (message) => {
    if (message !== "ready") return searcher.answer(message === true);
    searcher.ready = true;
    searcher.began();
  });
  worker.on("error", () => searcher.answer(undefined));
  return searcher;
}

export function createMatcher(awake: AwakeTimer): Matcher {
  const compiled = new Map<string, RegExp>();
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
    let callOff = () => {};
    searcher.began = () => {
      callOff = awake.after(LIMIT, () => finish("timeout"));
    };
    if (searcher.ready) searcher.began();
    worker.postMessage({ source, texts });
  }

  function here(source: string, texts: readonly string[]): boolean {
    let expression = compiled.get(source);
    if (expression === undefined) {
      if (compiled.size >= MOST_COMPILED) compiled.clear();
      expression = new RegExp(source);
      compiled.set(source, expression);
    }
    return texts.some((text) => expression.test(text));
  }

  return {
    search(pattern, texts) {
      if (pattern.kind === "plain") return Promise.resolve(texts.some((text) => text.includes(pattern.text)));
      if (pattern.bounded) return Promise.resolve(here(pattern.source, texts));
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
