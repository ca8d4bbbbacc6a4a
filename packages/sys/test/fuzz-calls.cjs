// Random calls to every function of sysfd.node, in a process of its own: node fuzz-calls.cjs ADDON SEED COUNT.
// What could reach the machine is kept out: sockets are Unix datagrams and NETLINK_USERSOCK (nobody listens there),
// names are abstract, descriptors are our own or not open, requests to ioctl and setns are harmless or refused.
const [, , addon, seedText, countText] = process.argv;
const sys = require(addon);

let state = Number(seedText) >>> 0 || 1;
const random = (below) => {
  state ^= state << 13;
  state ^= state >>> 17;
  state ^= state << 5;
  return (state >>> 0) % below;
};
const pick = (...choices) => choices[random(choices.length)];

const epoll = sys.epollCreate();
const open = []; // of ours, at most 8
function descriptor() {
  if (open.length < 8)
    open.push(
      pick(
        () => sys.socket(1, 2, 0),
        () => sys.socket(16, 3, 2),
      )(),
    );
  return pick(-1, 999_999, open[random(open.length)]);
}
const number = () => pick(0, 1, -1, 2, 7, 16, 100, 4096, 0x7fffffff, -0x80000000, 2 ** 40, random(1000));
function bytes() {
  const array = new Uint8Array(pick(0, 1, 2, 3, 12, 16, 28, 110, 128, 4096));
  for (let i = 0; i < array.length; i++) array[i] = random(256);
  return pick(array, array.subarray(random(array.length + 1)));
}
/** A sockaddr: of a family without effect outside, or too short to have one. */
function address() {
  const array = bytes();
  if (array.length < 3) return array;
  array[0] = pick(1, 16);
  array[1] = 0;
  if (array[0] === 1) array[2] = 0; // abstract name
  return array;
}
const wrong = () =>
  pick(undefined, null, "text", {}, [], Symbol("x"), () => {}, 1n, new Float64Array(2), NaN, true);
const watches = []; // at most 8
function watch() {
  if (watches.length < 8) {
    const made = sys.pollOpen(descriptor(), () => {});
    if (typeof made === "object") watches.push(made);
  }
  return pick(wrong(), watches[random(watches.length)], watches[random(watches.length)]);
}

const calls = [
  () => sys.bind(descriptor(), address()),
  () => sys.sendto(descriptor(), bytes(), pick(0, 0x40), pick(null, address())),
  () => sys.recvBatch(descriptor(), bytes(), number(), new Int32Array(random(200)), bytes(), number()),
  () => sys.setsockopt(descriptor(), number(), number(), pick(number(), bytes())),
  () => sys.getsockopt(descriptor(), number(), number(), bytes()),
  () => sys.getsockname(descriptor(), bytes()),
  () => sys.ioctl(descriptor(), pick(0x8907, 0x541b, 0x5411, 0xffffffff), bytes()),
  () => sys.epollWait(pick(epoll, descriptor()), new Int32Array(random(200))),
  () => {
    const made = sys.tcpConnect(pick(epoll, descriptor()), number(), address());
    if (made >= 0) sys.close(made);
  },
  () => sys.recv(descriptor(), bytes()),
  () => sys.shutdown(descriptor(), number()),
  () => sys.setns(pick(-1, 999_999), number()),
  () => sys.schedSetscheduler(-1, number(), number()),
  () => sys.mlock2(0, 0, number()),
  () => sys.pollStart(watch()),
  () => sys.pollRef(watch(), pick(true, false, wrong())),
  () => sys.socket(pick(-1, 99), number(), number()),
  () => {
    const made = watch();
    const at = watches.indexOf(made);
    if (at !== -1 && random(4) === 0) sys.pollClose(watches.splice(at, 1)[0]);
  },
  () => Object.values(sys)[random(Object.keys(sys).length)](...Array.from({ length: random(8) }, wrong)),
];

let [answered, refused] = [0, 0];
async function main() {
  for (let i = 0; i < Number(countText); i++) {
    try {
      calls[random(calls.length)]();
      answered++;
    } catch (error) {
      if (!(error instanceof TypeError)) throw error;
      refused++;
    }
    if (i % 100 === 0) await new Promise(setImmediate); // the loop turns: wake-ups, close callbacks
  }
  console.log(answered > 0 && refused > 0 ? "survived" : `answered ${answered}, refused ${refused}`);
  process.exit(0);
}
main();
