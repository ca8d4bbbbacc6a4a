/** Runs `nft`. The one program that this package starts: its transactions are text. */
import { spawn } from "node:child_process";
import { KernelError } from "../kernel-error.js";

/** Runs nft with these arguments and this standard input; answers what it printed. @throws KernelError */
export type Nft = (operation: string, args: readonly string[], input?: string) => Promise<string>;

/** Of the command that nft complains of, in an error. */
const LONGEST_QUOTE = 100;

const TIME_LIMIT_MS = 60_000;

/** @param command the program and what comes before its arguments, such as `["nft"]` */
export function nftProgram(command: readonly string[]): Nft {
  const [program, ...before] = command;
  return (operation, args, input = "") =>
    new Promise((resolve, reject) => {
      const child = spawn(program!, [...before, ...args], { stdio: "pipe", timeout: TIME_LIMIT_MS });
      const printed: Buffer[] = [];
      const complained: Buffer[] = [];
      child.stdout.on("data", (chunk: Buffer) => printed.push(chunk));
      child.stderr.on("data", (chunk: Buffer) => complained.push(chunk));
      child.stdin.on("error", () => {}); // nft ended before it read everything: its exit code says why
      child.on("error", (cause) => reject(new KernelError(operation, { ...cannotStart(cause), cause })));
      child.on("close", (code, signal) => {
        if (code === 0) resolve(Buffer.concat(printed).toString());
        else reject(refusal(operation, Buffer.concat(complained).toString(), signal));
      });
      child.stdin.end(input);
    });
}

const cannotStart = (cause: Error) => ({
  code: "code" in cause ? String(cause.code) : "EIO",
  kernelMessage: `cannot run nft: ${cause.message}`,
});

function refusal(operation: string, complaint: string, signal: string | null): KernelError {
  if (signal !== null) {
    const code = signal === "SIGTERM" ? "ETIMEDOUT" : "EIO"; // SIGTERM is our own time limit
    return new KernelError(operation, { code, kernelMessage: `nft ended by ${signal}` });
  }
  const lines = complaint.split("\n");
  const at = Math.max(
    lines.findIndex((text) => text.includes("Error:")),
    0,
  );
  const words = (lines[at] ?? "").replace(/^.*?Error: /, "").replace("Could not process rule: ", "");
  const command = (lines[at + 1] ?? "").slice(0, LONGEST_QUOTE);
  return new KernelError(operation, {
    code: codeOf(complaint),
    kernelMessage: command === "" ? `nft: ${words}` : `nft: ${words}: ${command}`,
  });
}

/** nft tells errors in libc's words only. */
function codeOf(complaint: string): string {
  const known = [
    ["Operation not permitted", "EPERM"],
    ["No such file or directory", "ENOENT"],
    ["Device or resource busy", "EBUSY"],
    ["File exists", "EEXIST"],
    ["Operation not supported", "EOPNOTSUPP"],
    ["Cannot allocate memory", "ENOMEM"],
    ["Too many open files in system", "ENFILE"],
  ] as const;
  return known.find(([words]) => complaint.includes(words))?.[1] ?? "EINVAL";
}
