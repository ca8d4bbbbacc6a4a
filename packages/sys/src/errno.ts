/** Numbers of the kernel to names: 17 is EEXIST. */
import { constants } from "node:os";
import { getSystemErrorMap } from "node:util";

const NAMES = new Map<number, string>();
for (const [name, number] of Object.entries(constants.errno)) if (!NAMES.has(number)) NAMES.set(number, name);

/** The name of an errno, given positive or negative; `E999` for one that Node does not know. */
export function errnoName(errno: number): string {
  const number = Math.abs(errno);
  return NAMES.get(number) ?? `E${number}`;
}

/** A system call that the kernel refused. */
export class SystemError extends Error {
  override readonly name = "SystemError";
  /** What was to be done: `bind udp 0.0.0.0:694`. */
  readonly operation: string;
  /** `EADDRINUSE`. */
  readonly code: string;
  readonly errno: number;

  constructor(operation: string, errno: number) {
    const code = errnoName(errno);
    const reason = getSystemErrorMap().get(-Math.abs(errno))?.[1] ?? "refused by the kernel";
    super(`${operation}: ${reason} (${code})`);
    this.operation = operation;
    this.code = code;
    this.errno = Math.abs(errno);
  }
}

/** Passes a result on, or throws what a negative one means. */
export function checked(operation: string, result: number): number {
  if (result < 0) throw new SystemError(operation, result);
  return result;
}
