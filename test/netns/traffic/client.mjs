// A client. Arguments: tcp|udp HOST PORT COUNT [FROM], or hold HOST PORT.
// tcp, udp: COUNT new connections one after the other (from the addresses of FROM, a list with commas, in turn); prints
// as JSON who answered each, or the error. hold: one connection, lines in and out.
import { createSocket } from "node:dgram";
import { connect } from "node:net";

const [how, host, port, count, from = ""] = process.argv.slice(2);
const sources = from === "" ? [undefined] : from.split(",");
const LIMIT_MS = 5000 * Number(process.env.LAB_SLOWNESS ?? 1);

function once(ask) {
  return new Promise((resolve) => {
    const timer = setTimeout(() => resolve("timeout"), LIMIT_MS);
    ask((answer) => {
      clearTimeout(timer);
      resolve(answer);
    });
  });
}

const tcp = (localAddress) =>
  once((done) => {
    const socket = connect({ host, port: Number(port), ...(localAddress ? { localAddress } : {}) });
    socket.on("data", (data) => {
      done(data.toString().trim());
      socket.end();
    });
    socket.on("error", (error) => done(error.code));
  });

const udp = (localAddress) =>
  once((done) => {
    const socket = createSocket(host.includes(":") ? "udp6" : "udp4");
    const finish = (answer) => {
      done(answer);
      socket.close();
    };
    socket.on("error", (error) => finish(error.code));
    socket.on("message", (message) => finish(message.toString()));
    socket.bind(0, localAddress, () =>
      socket.connect(Number(port), host, () => socket.send("who", () => {})),
    );
  });

if (how === "hold") {
  const socket = connect({ host, port: Number(port) });
  socket.on("data", (data) => process.stdout.write(data));
  socket.on("error", (error) => console.log(error.code));
  socket.on("close", () => console.log("closed"));
  process.stdin.on("data", (data) => socket.write(data));
} else {
  const ask = how === "udp" ? udp : tcp;
  const answers = [];
  for (let turn = 0; turn < Number(count); turn++) answers.push(await ask(sources[turn % sources.length]));
  console.log(JSON.stringify(answers));
  process.exit(0);
}
