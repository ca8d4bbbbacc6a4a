// Says the same message to a ctsyncd ten times. ctsync-stranger.mjs udp|multicast|tcp OWN-ADDRESS TARGET PORT HEX
import { createSocket } from "node:dgram";
import { connect } from "node:net";

const [kind, own, target, port, hex] = process.argv.slice(2);
const message = Buffer.from(hex, "hex");
const TIMES = 10;

if (kind === "tcp") {
  const socket = connect({ host: target, port: Number(port), localAddress: own }, () => {
    for (let n = 0; n < TIMES; n++) socket.write(message);
  });
  socket.on("error", () => {}); // refused, or closed while we talk
  socket.on("close", () => process.exit());
  setTimeout(() => socket.end(), 1000);
} else {
  const socket = createSocket("udp4");
  socket.bind(0, own, () => {
    if (kind === "multicast") socket.setMulticastInterface(own);
    let left = TIMES;
    for (let n = 0; n < TIMES; n++) {
      socket.send(message, Number(port), target, () => {
        left -= 1;
        if (left === 0) socket.close();
      });
    }
  });
}
