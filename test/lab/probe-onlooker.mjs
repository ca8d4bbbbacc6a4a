/**
 * A thread that asks the network every ten milliseconds who has an address, and remembers every answer and every
 * announcement. It asks as RFC 5227 probes do, without an address of its own, so that nobody learns from it; each
 * question has another MAC address inside, so that an answer tells which question it belongs to. It hears beside it what
 * directors tell the whole network.
 */
import { readFileSync } from "node:fs";
import { parentPort, workerData } from "node:worker_threads";
import { inNamespace, openPacket, realtime } from "../../packages/sys/dist/index.js";

const ETH_P_ARP = 0x0806;
const ETH_P_IP = 0x0800;
const IPPROTO_VRRP = 112;
const PERIOD_MS = 10;
const { netns, target, pid, device } = workerData;
const wanted = Uint8Array.from(target.split("."), Number);
const index = Number(readFileSync(`/proc/${pid}/root/sys/class/net/${device}/ifindex`, "latin1"));
const nowMs = () => Number(process.hrtime.bigint() / 1000n) / 1000;
const text = (bytes) => [...bytes].map((byte) => byte.toString(16).padStart(2, "0")).join(":");

const open = (etherType) => inNamespace(netns, () => openPacket({ etherType, interfaceIndex: index }));
const socket = open(ETH_P_ARP);
const words = open(ETH_P_IP);
/** When each question was asked; its index is in the MAC address of the question. */
const asked = [];
/** Index of the question, who answered, when. */
const answers = [];
/** Who announced itself, when. */
const announcements = [];
/** Who said that a node is dead, or advertised itself, when. */
const verdicts = [];

function ask() {
  const question = new Uint8Array(28);
  const view = new DataView(question.buffer);
  view.setUint16(0, 1);
  view.setUint16(2, 0x0800);
  view.setUint8(4, 6);
  view.setUint8(5, 4);
  view.setUint16(6, 1);
  view.setUint16(8, 0x0277);
  view.setUint32(10, asked.length);
  question.set(wanted, 24);
  asked.push(nowMs());
  socket.send(index, new Uint8Array(6).fill(0xff), ETH_P_ARP, question);
}

socket.listen((arp, { packetType }) => {
  if (arp.length < 28 || packetType === 4 || !wanted.every((byte, at) => arp[14 + at] === byte)) return;
  const view = new DataView(arp.buffer, arp.byteOffset, arp.byteLength);
  const mac = text(arp.subarray(8, 14));
  const gratuitous = wanted.every((byte, at) => arp[24 + at] === byte);
  if (gratuitous) announcements.push([mac, nowMs()]);
  else if (view.getUint16(18) === 0x0277) answers.push([view.getUint32(20), mac, nowMs()]);
});

/** An advertisement of priority 0 is a farewell. */
const isVerdict = (packet) => {
  const header = (packet[0] & 15) * 4;
  return packet[9] === IPPROTO_VRRP ? packet[header + 2] !== 0 : Buffer.from(packet).includes("t=stonith");
};

words.listen((packet, { mac, packetType }) => {
  if (packetType !== 4 && packet.length >= 24 && isVerdict(packet)) verdicts.push([text(mac), nowMs()]);
});

realtime(1);
const timer = setInterval(ask, PERIOD_MS);
parentPort.once("message", () => {
  clearInterval(timer);
  setTimeout(() => {
    socket.close();
    words.close();
    parentPort.postMessage({ asked, answers, announcements, verdicts });
    parentPort.close();
  }, 50);
});
parentPort.postMessage("asking");
