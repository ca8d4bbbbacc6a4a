/** Conntrack entries that come, change and go in a node by the thousand, made by a program of C: see churn.c. */
import { execFileSync } from "node:child_process";
import { existsSync, mkdirSync, renameSync, statSync } from "node:fs";
import { join } from "node:path";

const SOURCE = "test/lab/churn/churn.c";

/** @returns the program, at a path inside of the checkout, which nodes see as we do. */
export function churnProgram(): string {
  const program = join(process.cwd(), ".cache/lab/churn");
  if (existsSync(program) && statSync(program).mtimeMs > statSync(SOURCE).mtimeMs) return program;
  mkdirSync(join(process.cwd(), ".cache/lab"), { recursive: true });
  const made = `${program}.${process.pid}`;
  execFileSync("cc", ["-O2", "-Wall", "-Wextra", "-Werror", "-o", made, SOURCE], { stdio: "inherit" });
  renameSync(made, program);
  return program;
}
