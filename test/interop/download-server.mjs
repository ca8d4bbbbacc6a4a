// Sends to whoever connects until a line on standard input, and 4 MB more: 64 KiB every 40 ms, each byte by its place.
import { createServer } from "node:net";

const CHUNK = 65_536;
const CHUNKS_MORE = 60;
let left = Number.POSITIVE_INFINITY;
process.stdin.once("data", () => {
  left = CHUNKS_MORE;
});
createServer((socket) => {
  let sent = 0;
  socket.on("error", () => clearInterval(pace));
  const pace = setInterval(() => {
    if (socket.writableNeedDrain) return; // nobody takes it now
    socket.write(Buffer.alloc(CHUNK, sent % 251));
    sent += 1;
    left -= 1;
    if (left > 0) return;
    clearInterval(pace);
    socket.end();
    console.log(`sent ${sent * CHUNK}`);
  }, 40);
}).listen(Number(process.argv[2]), () => console.log("ready"));
