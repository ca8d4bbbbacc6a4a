// Sends 12 MB to whoever connects, slowly enough to be interrupted: 64 KiB every 40 ms, each byte by its place.
import { createServer } from "node:net";

const CHUNK = 65_536;
const CHUNKS = 180;
createServer((socket) => {
  let sent = 0;
  socket.on("error", () => clearInterval(pace));
  const pace = setInterval(() => {
    socket.write(Buffer.alloc(CHUNK, sent % 251));
    sent += 1;
    if (sent < CHUNKS) return;
    clearInterval(pace);
    socket.end();
  }, 40);
}).listen(Number(process.argv[2]), () => console.log("ready"));
