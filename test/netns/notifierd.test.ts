/** notifierd on a disk that is full: needs a file system of its own, and so root. */
import { execFileSync, spawn } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";
import { publisher } from "../../packages/daemon/test/publisher.js";
import { startSmtpServer } from "../../packages/notifierd/test/smtp-server.js";
import { until } from "../lab/until.js";

const program = fileURLToPath(new URL("../../packages/notifierd/dist/bin/notifierd.js", import.meta.url));
const EVENTS = 20;

test("full disk: loud, nothing acknowledged, and nothing lost once there is room", {
  timeout: 120_000,
}, async () => {
  const run = mkdtempSync(join(tmpdir(), "systole-full-disk-"));
  const spool = join(run, "spool");
  mkdirSync(spool);
  const smtp = await startSmtpServer();
  const heartbeat = await publisher(run, "heartbeat", "lb2", "boot1");
  writeFileSync(
    join(run, "notifier.ini"),
    [
      `[notifier]\nsources = heartbeat\nspool = ${spool}\ngroup-wait = 1ms\nceiling = 0\naudit = ${run}/audit.jsonl`,
      `[smtp]\nserver = 127.0.0.1:${smtp.port}`,
      "[recipient ops]\naddress = ops@example.org\n",
    ].join("\n"),
  );
  // A mount namespace of its own: the small file system is nobody else's and goes with the process.
  const start = `mount -t tmpfs -o size=256k none ${spool} && mkdir ${spool}/tmp ${spool}/new ${spool}/cur \
    ${spool}/done ${spool}/failed; cat /dev/zero > ${spool}/filler 2>/dev/null; exec "$@"`;
  const args = ["-m", "sh", "-c", start, "sh", process.execPath, program, "-c", join(run, "notifier.ini")];
  const child = spawn("unshare", args, { env: { ...process.env, SYSTOLE_RUN: run, JOURNAL_STREAM: "" } });
  try {
    let log = "";
    child.stderr.on("data", (chunk: Buffer) => {
      log += chunk.toString("utf8");
    });
    await until("notifierd to start", () => log.includes("notifierd started"));
    for (let n = 1; n <= EVENTS; n++) {
      const server = `10.0.0.${n}:80`;
      const service = "tcp 192.0.2.10:80";
      const reason = "refused";
      heartbeat.log.publish("warning", {
        kind: "real-server.down",
        service,
        server,
        reason,
        action: "removed",
      });
    }
    await until("the complaint", () => log.includes("could not be kept"));
    expect(log).toMatch(/error .*an event of heartbeat could not be kept.*no space left \(ENOSPC\)/);
    expect(smtp.mails).toHaveLength(0);

    execFileSync("nsenter", ["-t", String(child.pid), "-m", "rm", join(spool, "filler")]);
    const told = () => smtp.mails.map(({ text }) => text.replaceAll("=\n", "")).join("\n");
    const missing = () =>
      Array.from({ length: EVENTS }, (_, i) => `10.0.0.${i + 1}:80 `).filter(
        (name) => !told().includes(name),
      );
    await until("all events in letters", () => missing().length === 0, { limitMs: 30_000 });
    expect(log.match(/could not be kept/g)!.length).toBeLessThanOrEqual(2); // once per outage, not per attempt
  } finally {
    child.kill("SIGKILL");
    await Promise.all([smtp.close(), heartbeat.close()]);
    rmSync(run, { recursive: true, force: true });
  }
});
