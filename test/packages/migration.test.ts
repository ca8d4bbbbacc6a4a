/**
 * Two real directors of Debian 12 become ours, one at a time, while a client asks. Here the kernel has no ip_vs, so that the
 * directors serve the VIP themselves.
 */
import { afterAll, beforeAll, expect, test } from "vitest";
import type { Machine } from "../lab/machine.js";
import type { Answers } from "./client.js";
import { Migration } from "./migration.js";

let migration: Migration;
let first: Machine;
let second: Machine;
let before: readonly Readonly<Record<string, string>>[];

const told = (what: string, { errors, outagesMs }: Answers) =>
  console.log(`migration: ${what}: away for ${outagesMs.join(", ") || 0} ms; ${JSON.stringify(errors)}`);

beforeAll(async () => {
  migration = await Migration.begin({ ipvs: false });
  [first, second] = migration.pair.machines;
  before = [first, second].map((machine) => migration.filesOf(machine));
}, 900_000);

afterAll(async () => {
  await migration?.close();
});

test("for comparison: two moves between the originals", async () => {
  told("3.0.6 to 3.0.6", await migration.watching(() => migration.move(first)));
  told("3.0.6 to 3.0.6, back", await migration.watching(() => migration.move(second)));
});

test("the standby is replaced; no client notices", async () => {
  const seen = await migration.watching(() => migration.replace(second));
  expect(seen.errors).toEqual({});
});

test("the first planned move, to ours", async () => {
  told("3.0.6 to ours", await migration.watching(() => migration.move(first)));
});

test("the other director is replaced; no client notices", async () => {
  const seen = await migration.watching(() => migration.replace(first));
  expect(seen.errors).toEqual({});
});

test("the second planned move, back to the first director", async () => {
  told("ours to ours", await migration.watching(() => migration.move(second)));
});

test("no file was touched, nothing has failed, and none of the originals is left", async () => {
  expect([first, second].map((machine) => migration.filesOf(machine))).toEqual(before);
  for (const machine of [first, second]) {
    expect(await machine.says("systemctl --failed --no-legend --plain")).toBe("");
    expect(await machine.says("systemctl is-active heartbeat ldirectord")).toBe("active\nactive");
    expect(await machine.says("dpkg -l heartbeat ldirectord | grep -c ^ii")).toBe("0");
  }
});

test("the way back: the originals on the standby, its files untouched; no client notices", async () => {
  const seen = await migration.watching(() => migration.putBack(second));
  expect(seen.errors).toEqual({});
  expect(migration.filesOf(second)).toEqual(before[1]);
  told("ours to 3.0.6", await migration.watching(() => migration.move(first)));
});
