/**
 * A thread that pings an address every millisecond from inside a node's network and remembers when answers came. It has
 * real-time scheduling, so that it asks however busy this machine is. Plain JavaScript: a worker thread does not go
 * through the test runner.
 */
import { parentPort, workerData } from "node:worker_threads";
import { inNamespace, openIcmp, realtime } from "../../packages/sys/dist/index.js";

const ECHO_REQUEST = 8;
const PERIOD_MS = 1;
const { netns, target } = workerData;
const destination = Uint8Array.from(target.split("."), Number);
const nowMs = () => Number(process.hrtime.bigint() / 1000n) / 1000;

const socket = inNamespace(netns, () => openIcmp({ family: "inet", accept: [0] }));
/** When each question was asked; its index is the sequence. */
const asked = [];
/** Index of the question, and when its answer came. */
const answered = [];
const identifier = process.pid & 0xffff;

function ask() {
  const message = new Uint8Array(16);
  const view = new DataView(message.buffer);
  view.setUint8(0, ECHO_REQUEST);
  view.setUint16(4, identifier);
  view.setUint32(8, asked.length);
  let sum = 0;
  for (let at = 0; at < message.length; at += 2) sum += view.getUint16(at);
  while (sum > 0xffff) sum = (sum & 0xffff) + (sum >>> 16);
  view.setUint16(2, ~sum & 0xffff);
  asked.push(nowMs());
  socket.send(message, destination);
}

socket.listen((message) => {
  const view = new DataView(message.buffer, message.byteOffset, message.byteLength);
  if (view.getUint16(4) === identifier && message.length >= 12) answered.push([view.getUint32(8), nowMs()]);
});

realtime(1);
const timer = setInterval(ask, PERIOD_MS);
parentPort.once("message", () => {
  clearInterval(timer);
  setTimeout(() => {
    socket.close();
    parentPort.postMessage({ asked, answered });
    parentPort.close();
  }, 50);
});
parentPort.postMessage("asking");
