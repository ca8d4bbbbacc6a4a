import { spawn } from "node:child_process";

/** Runs a program to its end. @throws Error with the last of its output if it fails. */
export function run(command, args, { cwd, env } = {}) {
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, {
      cwd,
      env: { ...process.env, LC_ALL: "C.UTF-8", ...env },
      stdio: ["ignore", "pipe", "pipe"],
    });
    let said = "";
    const hear = (bytes) => {
      said += bytes;
    };
    child.stdout.on("data", hear);
    child.stderr.on("data", hear);
    child.on("error", (error) => reject(new Error(`${command}: ${error.message}`)));
    child.on("close", (code) =>
      code === 0
        ? resolve(said)
        : reject(new Error(`${command} ${args.join(" ")}: exit code ${code}\n${said.slice(-4000)}`)),
    );
  });
}
