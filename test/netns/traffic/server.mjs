// A real server that says its name: on each TCP connection a line, then every line it hears with its name in front;
// to each UDP datagram its name. Arguments: NAME PORT...
import { createSocket } from "node:dgram";
import { createServer } from "node:net";
import { networkInterfaces } from "node:os";

const [name, ...ports] = process.argv.slice(2);
// UDP answers must leave from the address that was asked, which may be a VIP: one socket for each address.
const addresses = Object.values(networkInterfaces())
  .flat()
  .map(({ address }) => address)
  .filter((address) => !address.startsWith("fe80:"));
let open = 0;
const ready = () => {
  if (++open === ports.length * (1 + addresses.length)) console.log("ready");
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
  for (const address of addresses) {
    const udp = createSocket(address.includes(":") ? "udp6" : "udp4");
    udp.on("message", (_, from) => udp.send(name, from.port, from.address));
    udp.bind(port, address, ready);
  }
}
