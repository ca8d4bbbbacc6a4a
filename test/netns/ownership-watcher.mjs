/**
 * A thread that looks every 10 ms which nodes have an address in their kernel. It has real-time scheduling, so that it
 * looks however busy this machine is. Plain JavaScript: a worker thread does not go through the test runner.
 */
import { readFileSync } from "node:fs";
import { parentPort, workerData } from "node:worker_threads";
import { realtime } from "../../packages/sys/dist/index.js";

const PERIOD_MS = 10;
const { nodes, address } = workerData;
const local = new RegExp(`-- ${address.replaceAll(".", "\\.")}\\n\\s+/32 host LOCAL`);
const began = performance.now();
const seen = { samples: 0, twoOwners: [], longestGapMs: 0, longestBlinkMs: 0 };
let looked = began;
let ownerless;

const holds = ({ pid }) => {
  try {
    return local.test(readFileSync(`/proc/${pid}/net/fib_trie`, "utf8"));
  } catch {
    return false; // the node was switched off
  }
};

function look() {
  const now = performance.now();
  seen.longestBlinkMs = Math.max(seen.longestBlinkMs, Math.round(now - looked));
  looked = now;
  seen.samples += 1;
  const holders = nodes.filter(holds);
  // The nodes were not asked at one instant: only who still has it when all others have been seen counts.
  if (holders.length > 1 && holders.every(holds)) {
    seen.twoOwners.push(`${Math.round(now - began)} ms: ${holders.map(({ name }) => name).join(" and ")}`);
  }
  if (holders.length > 0) ownerless = undefined;
  else {
    ownerless ??= now;
    seen.longestGapMs = Math.max(seen.longestGapMs, Math.round(now - ownerless));
  }
}

realtime(1);
const timer = setInterval(look, PERIOD_MS);
parentPort.once("message", () => {
  clearInterval(timer);
  parentPort.postMessage(seen);
  parentPort.close();
});
parentPort.postMessage("watching");
