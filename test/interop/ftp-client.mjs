// A client of active FTP: asks the server (ftp-server.mjs) to connect to a port of ours, and says from where it did.
// ftp-client.mjs HOST OWN-ADDRESS
import { connect, createServer } from "node:net";

const [host, own] = process.argv.slice(2);
const data = createServer((socket) => {
  console.log(`data from ${socket.remoteAddress}:${socket.remotePort}`);
  socket.end();
});
data.listen(0, own, () => {
  const { port } = data.address();
  const control = connect({ host, port: 21, localAddress: own });
  const place = [...own.split("."), port >> 8, port & 255].join(",");
  // The kernel's helper looks at a line only when it has seen the line before it end.
  control.once("data", () => {
    control.write("USER anonymous\r\n");
    control.once("data", () => control.write(`PORT ${place}\r\n`));
  });
  control.on("data", (text) => {
    for (const line of text.toString().trim().split("\r\n")) console.log(line);
  });
  control.on("error", (error) => console.log(error.code));
});
