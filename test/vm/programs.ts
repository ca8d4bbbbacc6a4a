/** What tests in the guest share. Programs are one file each, made by test/vm/run: the guest opens files slowly. */
import { resolve } from "node:path";
import { alive } from "../lab/cluster.js";
import type { LabNode } from "../lab/node.js";
import { signalTo } from "../lab/process.js";
import { until } from "../lab/until.js";

const LDIRECTORD = resolve(".cache/vm/ldirectord.mjs");

/** The long form of a test, for `npm run nightly`: minutes here are many there. */
export const LONG = process.env.SYSTOLE_GUEST_LONG !== undefined;

/** Minutes pass here in which nothing is seen otherwise. */
export const say = (what: string) =>
  process.stderr.write(`${Math.round(performance.now() / 1000)} s ${what}\n`);

/** In the foreground: one process less to start, which is slow here. The command line is for test/netns. */
export const startLdirectord = (director: LabNode): Promise<number> =>
  director.daemon("ldirectord", [process.execPath, LDIRECTORD, "-d", "start"]);

export async function terminated(pid: number): Promise<void> {
  signalTo(pid, "SIGTERM");
  await until("its end", () => !alive(pid), { limitMs: 20_000 });
}

export async function killed(pid: number): Promise<void> {
  signalTo(pid, "SIGKILL");
  await until("the daemon to die", () => !alive(pid));
}

/** The table as ipvsadm saves it, sorted. */
export async function savedTable(director: LabNode): Promise<readonly string[]> {
  const { stdout } = await director.run(["ipvsadm", "-Sn"]);
  return stdout.trim().split("\n").filter(Boolean).toSorted();
}
