/**
 * The whole life of the packages on two Debian machines of a release, in the order an administrator lives it: install,
 * edit, start, upgrade, a process that hangs, a director that loses power, remove, purge.
 */
import { afterAll, beforeAll, test } from "vitest";
import type { Suite } from "../lab/machine.js";
import { UNITS } from "./pair.js";
import * as scenes from "./scenes.js";

export function life(suite: Suite): void {
  let world: scenes.World;

  beforeAll(async () => {
    world = await scenes.begin(suite);
  }, 600_000);

  afterAll(async () => {
    await world?.pair.close();
  });

  test("all packages install; nothing fails; only notifierd runs before anything is edited", () =>
    scenes.install(world));
  test("without a key heartbeat does not start, and says how to make one", () =>
    scenes.refuseWithoutKey(world));
  test.each(UNITS)("%s: systemd finds no fault in the unit, and its sandbox is as tight as we say", (unit) =>
    scenes.judgeUnit(world, unit),
  );
  test("edited and started, the two form a cluster, and a client is served", () => scenes.formCluster(world));
  test("a reload with a mistake fails, says what is wrong, and changes nothing", () =>
    scenes.refuseMistakes(world));
  test("logs are rotated, and written on", () => scenes.rotateLogs(world));
  test("an upgrade keeps edited files and does not move the VIP; the client notices nothing", () =>
    scenes.upgrade(world));
  test("a process that hangs is replaced by the watchdog", () => scenes.hang(world));
  test("a director loses power: the other has the VIP, the client is served, the mail arrives", () =>
    scenes.losePower(world));
  test("remove stops everything and keeps the files; purge leaves nothing", () =>
    scenes.removeAndPurge(world));
}
