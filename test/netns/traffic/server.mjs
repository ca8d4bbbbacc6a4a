// A real server that says its name: on each TCP connection a line, then every line it hears with its name in front;
// to each UDP datagram its name. Arguments: NAME PORT...
import { createSocket } from "node:dgram";
import { createServer } from "node:net";

const [name, ...ports] = process.argv.slice(2);
let open = 0;
const ready = () => {
  if (++open === ports.length * 2) console.log("ready");
};

for (const port of ports.map(Number)) {
  const server = createServer((socket) => {
    socket.on("error", () => {});
    socket.write(`${name}\n`);
    socket.on("data", (data) => {
      for (const line of data.toString().split("\n").slice(0, -1)) socket.write(`${name} ${line}\n`);
    });
  });
  server.listen({ port, host: "::" }, ready);
  const udp = createSocket({ type: "udp6" });
  // The answer leaves from the address that was asked: a wildcard socket would choose another one behind a VIP.
  udp.on("message", (_, from) => udp.send(name, from.port, from.address));
  udp.bind(port, "::", ready);
}
