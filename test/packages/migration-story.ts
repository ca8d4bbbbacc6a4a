/**
 * The whole migration as a row of tests, for two runners: vitest where machines are containers on this kernel, node:test in
 * the guest, whose kernel has ip_vs. Numbers are told, not judged: what must hold on any machine is asserted.
 */
import assert from "node:assert/strict";
import type { Machine } from "../lab/machine.js";
import { elapse } from "../lab/until.js";
import type { Answers } from "./client.js";
import { type Form, Migration } from "./migration.js";

export interface Runner {
  before(body: () => Promise<void>): unknown;
  after(body: () => Promise<void>): unknown;
  test(name: string, body: () => Promise<void>): unknown;
}

const QUIET_MS = 30_000;

/** Minutes pass in the guest in which nothing is seen otherwise. */
const say = (what: string) =>
  process.stderr.write(`migration: ${Math.round(performance.now() / 1000)} s: ${what}\n`);

function told(what: string, { answered, errors, outagesMs }: Answers): void {
  const longest = outagesMs.toSorted((one, other) => other - one).slice(0, 5);
  const away =
    longest.length === 0 ? "never away" : `away ${outagesMs.length} times, at most ${longest.join(", ")} ms`;
  say(`${what}: ${away}; ${answered} answers, errors ${JSON.stringify(errors)}`);
}

export function migrationStory(form: Form, { before, after, test }: Runner): void {
  let migration: Migration;
  let first: Machine;
  let second: Machine;
  let files: readonly Readonly<Record<string, string>>[];

  before(async () => {
    migration = await Migration.begin(form, say);
    [first, second] = migration.pair.machines;
    files = [first, second].map((machine) => migration.filesOf(machine));
  });
  after(async () => {
    await migration?.close();
  });

  /** The service moves away from this director, and its table with it; then both real servers are asked. */
  async function move(what: string, from: Machine): Promise<void> {
    told(what, await migration.watching(() => migration.move(from)));
    const table = await migration.balancing(from === first ? second : first);
    if (!form.ipvs) return;
    say(table);
    const connections = [...table.matchAll(/Masq +\d+ +(\d+) +(\d+)/g)].map(
      ([, now, past]) => Number(now) + Number(past),
    );
    assert.equal(connections.filter((count) => count > 0).length, 2);
  }

  /** No client notices; the table is what it was. */
  async function unnoticed(what: string, deed: () => Promise<void>, active: Machine): Promise<void> {
    const seen = await migration.watching(deed);
    told(what, seen);
    await migration.balancing(active);
    assert.deepEqual(seen.errors, {});
  }

  test("for comparison: two moves between the originals", async () => {
    if (form.ipvs) await unnoticed("nothing at all", () => elapse(QUIET_MS), first);
    await move("3.0.6 to 3.0.6", first);
    await move("3.0.6 to 3.0.6, back", second);
  });

  test("the standby is replaced; no client notices", () =>
    unnoticed("the standby is replaced", () => migration.replace(second), first));

  test("the first planned move, to ours", () => move("3.0.6 to ours", first));

  test("the other director is replaced; no client notices", () =>
    unnoticed("the other is replaced", () => migration.replace(first), second));

  test("the second planned move, back to the first director", () => move("ours to ours", second));

  test("no file was touched, nothing has failed, and none of the originals is left", async () => {
    assert.deepEqual(
      [first, second].map((machine) => migration.filesOf(machine)),
      files,
    );
    for (const machine of [first, second]) {
      assert.equal(await machine.says("systemctl --failed --no-legend --plain"), "");
      assert.equal(await machine.says("systemctl is-active heartbeat ldirectord"), "active\nactive");
      assert.equal(await machine.says("dpkg -l heartbeat ldirectord | grep -c ^ii"), "0");
    }
  });

  test("the way back: the originals on the standby, its files untouched; no client notices", async () => {
    await unnoticed("the standby is put back", () => migration.putBack(second), first);
    assert.deepEqual(migration.filesOf(second), files[1]);
    await move("ours to 3.0.6", first);
  });
}
