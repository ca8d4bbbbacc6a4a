// client.mjs ADDRESS: asks http://ADDRESS/ 20 times a second (4 in the guest), each time on a new connection, until SIGTERM. Every half second,
// and at the end, it prints what happened so far as JSON: {"asked", "settled", "answered", "errors": {REASON: COUNT},
// "outagesMs": [...]}, an outage being the time between two answers if it is longer than four questions. All questions up to
// number "settled" have had an answer or an error.
import { get } from "node:http";

const [host] = process.argv.slice(2);
const SLOWNESS = Number(process.env.LAB_SLOWNESS ?? 1);
const EVERY_MS = 50 * Math.min(SLOWNESS, 5);
const LIMIT_MS = 3000 * SLOWNESS;
const TELL_EVERY_MS = 500;
const MOST_OUTAGES = 1000;
const errors = {};
const outagesMs = [];
/** Numbers of the questions that have neither, in order. */
const open = new Set();
let asked = 0;
let answered = 0;
let lastAnswer;

function ask() {
  const number = ++asked;
  open.add(number);
  const request = get({ host, path: "/", agent: false, timeout: LIMIT_MS }, (response) => {
    response.resume();
    response.on("end", () => took(number));
  });
  request.on("timeout", () => request.destroy(new Error("timeout")));
  request.on("error", (error) => {
    const reason = error.code ?? error.message;
    errors[reason] = (errors[reason] ?? 0) + 1;
    open.delete(number);
  });
}

function took(number) {
  open.delete(number);
  const now = performance.now();
  const gap = lastAnswer === undefined ? 0 : Math.round(now - lastAnswer);
  if (gap > 4 * EVERY_MS && outagesMs.length < MOST_OUTAGES) outagesMs.push(gap);
  lastAnswer = now;
  answered += 1;
}

function tell() {
  const [oldest = asked + 1] = open;
  console.log(JSON.stringify({ asked, settled: oldest - 1, answered, errors, outagesMs }));
}

const asking = setInterval(ask, EVERY_MS);
setInterval(tell, TELL_EVERY_MS);
process.on("SIGTERM", () => {
  clearInterval(asking);
  tell();
  process.exit(0);
});
