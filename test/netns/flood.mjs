/**
 * flood.mjs ADDRESS PORT PER_SECOND SECONDS FILE: sends bad heartbeats, at most so many a second. FILE has one datagram a
 * line, in hexadecimal. Prints how many were sent.
 */
import { readFileSync } from "node:fs";
import { openUdpSocket } from "../../packages/sys/dist/index.js";

const [address, port, perSecond, seconds, file] = process.argv.slice(2);
const lines = readFileSync(file, "latin1").trim().split("\n");
const datagrams = lines.map((line) => Buffer.from(line, "hex"));
const socket = openUdpSocket({ family: "inet", port: 0 });
socket.aim(Uint8Array.from(address.split(".").map(Number)), Number(port));
const began = performance.now();
const forMs = Number(seconds) * 1000;
let sent = 0;
for (let elapsedMs = 0; elapsedMs < forMs; elapsedMs = performance.now() - began) {
  const due = Math.min(sent + 100, (elapsedMs / 1000) * Number(perSecond));
  for (; sent < due; sent++) socket.send(datagrams[sent % datagrams.length]);
}
console.log(sent);
process.exit(0);
