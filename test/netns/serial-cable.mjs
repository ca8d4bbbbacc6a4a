/** serial-cable.mjs: a null modem cable of two pseudo terminals. Prints the two paths, then carries bytes, and noise. */
import { closeSync, constants, openSync, readSync, writeSync } from "node:fs";
import { native } from "../../packages/sys/dist/native.js";

const TIOCSPTLCK = 0x40045431;
const TIOCGPTN = 0x80045430;
const calls = native();

function end() {
  const fd = openSync("/dev/ptmx", constants.O_RDWR | constants.O_NOCTTY | constants.O_NONBLOCK);
  const number = new Uint8Array(4);
  calls.ioctl(fd, TIOCSPTLCK, new Uint8Array(4));
  calls.ioctl(fd, TIOCGPTN | 0, number);
  const path = `/dev/pts/${new DataView(number.buffer).getUint32(0, true)}`;
  openSync(path, constants.O_RDWR | constants.O_NOCTTY); // held, so that the line does not hang up while nobody is there
  return { fd, path };
}

const [left, right] = [end(), end()];
console.log(`${left.path} ${right.path}`);
const buffer = new Uint8Array(4096);
function carry(from, to) {
  const watch = calls.pollOpen(from.fd, () => {
    try {
      writeSync(to.fd, buffer.subarray(0, readSync(from.fd, buffer)));
    } catch (error) {
      if (error.code !== "EAGAIN") throw error; // a full line loses bytes
    }
  });
  calls.pollStart(watch);
}
carry(left, right);
carry(right, left);
setInterval(() => writeSync(right.fd, "\0\xff>>>\nnoi"), 700);
process.on("SIGTERM", () => {
  for (const { fd } of [left, right]) closeSync(fd);
  process.exit(0);
});
