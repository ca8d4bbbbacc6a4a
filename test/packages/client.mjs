// client.mjs ADDRESS: asks http://ADDRESS/ 20 times a second, each time on a new connection, until SIGTERM; then prints
// {"answered", "errors": {REASON: COUNT}, "longestMs"} as JSON.
import { get } from "node:http";

const [host] = process.argv.slice(2);
const EVERY_MS = 50;
const LIMIT_MS = 3000;
const errors = {};
let answered = 0;
let longestMs = 0;
let lastAnswer;
let failedSince = false;

function ask() {
  const request = get({ host, path: "/", agent: false, timeout: LIMIT_MS }, (response) => {
    response.resume();
    response.on("end", took);
  });
  request.on("timeout", () => request.destroy(new Error("timeout")));
  request.on("error", (error) => {
    failedSince = true;
    const reason = error.code ?? error.message;
    errors[reason] = (errors[reason] ?? 0) + 1;
  });
}

function took() {
  const now = performance.now();
  if (failedSince && lastAnswer !== undefined) longestMs = Math.max(longestMs, now - lastAnswer);
  failedSince = false;
  lastAnswer = now;
  answered += 1;
  if (answered === 1) console.log("first answer");
}

const timer = setInterval(ask, EVERY_MS);
process.on("SIGTERM", () => {
  clearInterval(timer);
  console.log(JSON.stringify({ answered, errors, longestMs: Math.round(longestMs) }));
  process.exit(0);
});
