// A server of active FTP with one talent: it takes PORT, and connects from port 20 to where it was told when it reads a
// line on stdin.
import { connect, createServer } from "node:net";
import { createInterface } from "node:readline";

let target;
createServer((socket) => {
  socket.write("220 ready\r\n");
  socket.on("error", () => {});
  socket.on("data", (text) => {
    if (text.toString().startsWith("USER")) return void socket.write("331 password\r\n");
    const numbers = /^PORT ([\d,]+)/.exec(text.toString())?.[1]?.split(",").map(Number);
    if (numbers === undefined) return undefined;
    target = { host: numbers.slice(0, 4).join("."), port: numbers[4] * 256 + numbers[5] };
    console.log(`port ${target.host}:${target.port}`);
    return void socket.write("200 PORT taken\r\n");
  });
}).listen(21, () => console.log("ready"));

createInterface({ input: process.stdin }).on("line", () => {
  const data = connect({ ...target, localPort: 20 });
  data.on("error", (error) => console.log(error.code));
  data.on("close", () => console.log("done"));
});
