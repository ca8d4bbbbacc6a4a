// Downloads from ADDRESS PORT: a line for each megabyte, and at the end how many bytes came, or what was wrong with them.
import { connect } from "node:net";

const CHUNK = 65_536;
const [, , address, port] = process.argv;
let got = 0;
const socket = connect(Number(port), address);
socket.on("data", (bytes) => {
  for (let n = 0; n < bytes.length; n++) {
    if (bytes[n] !== Math.floor((got + n) / CHUNK) % 251) {
      console.log(`wrong byte at ${got + n}`);
      process.exit(1);
    }
  }
  const before = got >> 20;
  got += bytes.length;
  if (got >> 20 !== before) console.log(`megabyte ${got >> 20}`);
});
socket.on("error", (error) => console.log(`error ${error.code} after ${got}`));
socket.on("end", () => console.log(`done ${got}`));
