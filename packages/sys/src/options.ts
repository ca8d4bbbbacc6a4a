/** Socket options that Node has no door for, on a descriptor that somebody else may own. */
import { SO_BINDTODEVICE, SO_MARK, SOL_SOCKET } from "./constants.js";
import { checked } from "./errno.js";
import { native } from "./native.js";

/** @throws SystemError with the kernel's refusal. */
export function setSocketOption(fd: number, level: number, option: number, value: number | Uint8Array): void {
  checked(`set socket option ${level}/${option}`, native().setsockopt(fd, level, option, value));
}

/** @throws SystemError with the kernel's refusal. */
export function getSocketOption(fd: number, level: number, option: number, sizeBytes: number): Uint8Array {
  const into = new Uint8Array(sizeBytes);
  const length = checked(
    `get socket option ${level}/${option}`,
    native().getsockopt(fd, level, option, into),
  );
  return into.subarray(0, length);
}

/** Packets of this socket only leave and enter by this interface. @throws SystemError `ENODEV`. */
export function bindToDevice(fd: number, device: string): void {
  const name = Buffer.from(`${device}\0`);
  checked(`bind to device ${device}`, native().setsockopt(fd, SOL_SOCKET, SO_BINDTODEVICE, name));
}

/** The firewall mark of packets of this socket. */
export function setMark(fd: number, mark: number): void {
  checked(`set mark ${mark}`, native().setsockopt(fd, SOL_SOCKET, SO_MARK, mark));
}
